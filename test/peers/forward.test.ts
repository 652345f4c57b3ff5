import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { releaseWebRtc } from "../../src/protocols/webrtc/client.ts";
import { makeCertificate } from "../support/certificate.ts";
import { needs, present } from "../support/peers.ts";
import { freeTcpPort, freeUdpPort } from "../support/ports.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { type Program, run } from "./rtsp-programs.ts";

const FRAME_BYTES = (320 * 240 * 3) / 2;
const FRAMES = 45;
const PATIENCE_MS = 20_000;
/** What decoders say of pictures that are not whole. */
const broken = /concealing|error while decoding|corrupt|Invalid data|missing picture|non-existing/i;
const camera = parsePathName("camera") as PathName;
const copy = parsePathName("copy") as PathName;

after(releaseWebRtc);

async function until(ready: () => boolean | Promise<boolean>, what: string): Promise<void> {
	for (const end = performance.now() + PATIENCE_MS; !(await ready()); ) {
		if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}

/** A relay that pushes its path `camera` on. */
function source(forward: readonly unknown[]): Promise<TestRelay> {
	return startTestRelay({ paths: { camera: { forward }, all_others: {} } });
}

async function publish({ relay, rtspUrl }: TestRelay, audio = "libopus"): Promise<Program> {
	const input = [
		"-re",
		"-f",
		"lavfi",
		"-i",
		"testsrc2=size=320x240:rate=30",
		"-f",
		"lavfi",
		"-i",
		"sine=sample_rate=48000",
	];
	const video = [
		"-c:v",
		"libx264",
		"-preset",
		"ultrafast",
		"-tune",
		"zerolatency",
		"-profile:v",
		"baseline",
		"-g",
		"30",
	];
	const coded = [...video, "-pix_fmt", "yuv420p", "-c:a", audio, "-ac", "2"];
	const sink = ["-f", "rtsp", "-rtsp_transport", "tcp", `${rtspUrl}/camera`];
	const program = run("ffmpeg", ["-loglevel", "error", ...input, ...coded, ...sink]);
	await until(() => relay.hub.path(camera)?.publication !== undefined, `somebody publishes ${program.text()}`);
	return program;
}

/** ffmpeg decodes pictures of a path by RTSP, and complains of nothing. */
async function plays({ rtspUrl }: TestRelay, path: string): Promise<void> {
	const out = ["-map", "0:v", "-fps_mode", "passthrough", "-frames:v", `${FRAMES}`, "-f", "rawvideo", "pipe:1"];
	const input = ["-rtsp_transport", "tcp", "-analyzeduration", "1M", "-i", `${rtspUrl}/${path}`];
	await using player = run("ffmpeg", ["-hide_banner", "-loglevel", "warning", ...input, ...out]);
	assert.equal(await player.exit(30_000), 0, player.text());
	assert.equal(player.output().length, FRAMES * FRAME_BYTES, player.text());
	assert.doesNotMatch(player.text(), broken);
}

interface Item {
	readonly id: string;
	readonly state: string;
	readonly protocol: string;
	readonly lastError: string;
	readonly outboundBytes: number;
	readonly conf: { readonly dest: string };
}

async function items({ httpUrl }: TestRelay): Promise<readonly Item[]> {
	const response = await fetch(`${httpUrl}/v3/paths/forward/list?path=camera`);
	return ((await response.json()) as { items: Item[] }).items;
}

const encodings = ({ relay }: TestRelay): string[] =>
	(relay.hub.path(copy)?.stream?.tracks ?? []).map(({ codec }) => codec).sort();

const addresses: Readonly<Record<string, (relay: TestRelay) => string>> = {
	rtsp: ({ rtspUrl }) => `${rtspUrl}/copy`,
	rtmp: ({ rtmpUrl }) => `${rtmpUrl}/copy`,
	srt: ({ srtUrl }) => `${srtUrl}?streamid=publish:copy`,
	whip: ({ httpUrl }) => `${httpUrl}/copy/whip`,
};

for (const [protocol, address] of Object.entries(addresses)) {
	test(`${protocol}: another relay has the stream, picture and sound`, { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using target = await startTestRelay();
		await using relay = await source([address(target)]);
		await using _publisher = await publish(relay);
		await until(() => target.relay.hub.path(copy)?.publication !== undefined, "it is pushed on");
		await plays(target, "copy");
		assert.deepEqual(encodings(target), ["h264", protocol === "rtmp" && present("ffmpeg") ? "aac" : "opus"].sort());
		const [item] = await items(relay);
		assert.deepEqual({ state: item?.state, protocol: item?.protocol }, { state: "forwarding", protocol });
		assert.ok(item!.outboundBytes > 10_000, `${item?.outboundBytes} bytes`);
	});
}

test("a track that the protocol does not carry stays behind, and is named", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using target = await startTestRelay();
	await using relay = await source([`${target.srtUrl}?streamid=publish:copy`]);
	await using _publisher = await publish(relay, "pcm_mulaw");
	await until(() => target.relay.hub.path(copy)?.publication !== undefined, "it is pushed on");
	assert.deepEqual(encodings(target), ["h264"]);
});

test("the target is killed and comes back: it has the stream again; nothing secret is told", {
	timeout: 60_000,
}, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	const port = await freeTcpPort();
	const settings = { rtsp: { address: `127.0.0.1:${port}` } };
	await using relay = await source([`rtsp://robot:hunter2000@127.0.0.1:${port}/copy`]);
	await using _publisher = await publish(relay);
	await until(async () => (await items(relay))[0]?.state === "error", "it is told that nobody is there");
	const [failed] = await items(relay);
	assert.match(failed!.lastError, /ECONNREFUSED/);
	assert.doesNotMatch(JSON.stringify(failed), /hunter2000/);
	for (let round = 0; round < 2; round++) {
		await using target = await startTestRelay(settings);
		await until(() => target.relay.hub.path(copy)?.publication !== undefined, `it is pushed on, round ${round}`);
		await plays(target, "copy");
	}
});

test("rtsps: to the certificate that is named, and to no other", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg", "program openssl")) return;
	using files = makeCertificate();
	const { cert, key, fingerprint } = files;
	await using target = await startTestRelay({ rtsp: { tls: { address: "127.0.0.1:0", cert, key } } });
	const url = `rtsps://127.0.0.1:${target.relay.ports.rtsps[0]}`;
	await using relay = await source([
		{ to: `${url}/copy`, fingerprint },
		{ to: `${url}/other`, fingerprint: "00".repeat(32) },
		`${url}/third`,
	]);
	await using _publisher = await publish(relay);
	await until(() => target.relay.hub.path(copy)?.publication !== undefined, "it is pushed on");
	await plays(target, "copy");
	const [, other, third] = await items(relay);
	assert.match(other!.lastError, /shows another certificate than the one expected/);
	assert.match(third!.lastError, /self-signed certificate/);
});

test("with when: readers it is pushed on only while somebody else reads", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using target = await startTestRelay();
	await using relay = await source([{ to: `${target.rtmpUrl}/copy`, when: "readers" }]);
	await using _publisher = await publish(relay);
	const isPushed = (): boolean => target.relay.hub.path(copy)?.publication !== undefined;
	assert.equal((await items(relay))[0]?.state, "idle");
	await using player = run("ffmpeg", ["-loglevel", "error", "-i", `${relay.rtspUrl}/camera`, "-f", "null", "-"]);
	await until(isPushed, "it is pushed on while somebody reads");
	await player.kill();
	await until(() => !isPushed(), "it is not any more");
	await until(async () => (await items(relay))[0]?.state === "idle", "it is idle");
});

test("a forward keeps no stream alive, and counts as no viewer", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using target = await startTestRelay();
	await using relay = await source([`${target.srtUrl}?streamid=publish:copy`]);
	await using publisher = await publish(relay);
	await until(() => target.relay.hub.path(copy)?.publication !== undefined, "it is pushed on");
	const health = (await (await fetch(`${relay.httpUrl}/health`)).json()) as { total_viewers: number };
	assert.equal(health.total_viewers, 0);
	await publisher.kill();
	await until(() => relay.relay.hub.path(camera) === undefined, "the path is gone");
	await until(async () => (await items(relay))[0]?.state === "idle", "it is idle");
});

test("with wake: true a path is wanted, without it is not", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using origin = await startTestRelay();
	await using _publisher = await publish(origin);
	await using target = await startTestRelay();
	const from = { source: `${origin.rtspUrl}/camera`, sourceOnDemand: true };
	const camera = { ...from, forward: [{ to: `${target.rtspUrl}/copy`, wake: true }] };
	const asleep = { ...from, forward: [`${target.rtspUrl}/asleep`] };
	await using relay = await startTestRelay({ paths: { camera, asleep, all_others: {} } });
	await until(() => target.relay.hub.path(copy)?.publication !== undefined, "it is woken and pushed on");
	await plays(target, "copy");
	assert.equal(relay.relay.hub.path(parsePathName("asleep")!), undefined);
});

test("GStreamer that listens for SRT decodes it", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "gst-launch-1.0", "element srtsrc", "element avdec_h264", "ffmpeg")) return;
	const url = `srt://127.0.0.1:${await freeUdpPort()}`;
	const decoder = "tsdemux ! h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=I420";
	const pipeline = `srtsrc uri=${url}?mode=listener ! ${decoder} ! identity eos-after=${FRAMES} ! fdsink fd=1`;
	await using listener = run("gst-launch-1.0", ["-q", ...pipeline.split(" ")]);
	await using relay = await source([url]);
	await using _publisher = await publish(relay, "aac");
	assert.equal(await listener.exit(30_000), 0, listener.text());
	assert.equal(listener.output().length, FRAMES * FRAME_BYTES, listener.text());
});

/** Whether ffmpeg, which listens, decodes what it is pushed. */
async function listens(t: TestContext, input: readonly string[], address: string): Promise<void> {
	if (!needs(t, "ffmpeg")) return;
	const out = ["-map", "0:v", "-fps_mode", "passthrough", "-frames:v", `${FRAMES}`, "-f", "rawvideo", "pipe:1"];
	await using listener = run("ffmpeg", ["-loglevel", "warning", ...input, ...out]);
	await using relay = await source([address]);
	await using _publisher = await publish(relay, "aac");
	assert.equal(await listener.exit(30_000), 0, listener.text());
	assert.equal(listener.output().length, FRAMES * FRAME_BYTES, listener.text());
	assert.doesNotMatch(listener.text(), broken);
}

test("ffmpeg that listens for RTMP decodes it", { timeout: 60_000 }, async (t) => {
	const url = `rtmp://127.0.0.1:${await freeTcpPort()}/live/key`;
	await listens(t, ["-listen", "1", "-f", "flv", "-i", url], url);
});

test("ffmpeg that listens for SRT decodes it", { timeout: 60_000 }, async (t) => {
	const url = `srt://127.0.0.1:${await freeUdpPort()}`;
	await listens(t, ["-analyzeduration", "1M", "-i", `${url}?mode=listener`], url);
});

test("ffmpeg that listens for RTSP decodes it", { timeout: 60_000 }, async (t) => {
	const url = `rtsp://127.0.0.1:${await freeTcpPort()}/live`;
	await listens(t, ["-rtsp_flags", "listen", "-analyzeduration", "1M", "-i", url], url);
});
