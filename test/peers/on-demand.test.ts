import assert from "node:assert/strict";
import { after, test } from "node:test";
import WebSocket from "ws";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { releaseWebRtc } from "../../src/protocols/webrtc/client.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { type Program, run } from "./rtsp-programs.ts";

after(releaseWebRtc);

const PATIENCE_MS = 30_000;
const FRAMES = 10;
const FRAME_BYTES = (320 * 240 * 3) / 2;
/** Published by ffmpeg on request, with pictures that any of the protocols can carry. */
const COMMAND =
	"ffmpeg -loglevel error -re -f lavfi -i testsrc2=size=320x240:rate=30 -c:v libx264 -preset ultrafast -tune zerolatency" +
	" -profile:v baseline -pix_fmt yuv420p -g 30 -f rtsp -rtsp_transport tcp rtsp://127.0.0.1:$RTSP_PORT/$MTX_PATH";

const name = (text: string): PathName => parsePathName(text)!;

async function until(ready: () => boolean | Promise<boolean>, what: string): Promise<void> {
	for (const end = performance.now() + PATIENCE_MS; !(await ready()); ) {
		if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}

function stateOf({ relay }: TestRelay, path: string): string {
	return relay.hub.demand.get(name(path))?.state ?? "idle";
}

async function decode(url: string, ...options: string[]): Promise<Program> {
	const output = ["-an", "-frames:v", String(FRAMES), "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"];
	const program = run("ffmpeg", ["-loglevel", "error", ...options, "-i", url, ...output]);
	await program.exit(PATIENCE_MS);
	return program;
}

const commands = {
	all_others: {},
	"file/*": { runOnDemand: COMMAND, idleAfter: "500 ms" },
	"slow/*": { runOnDemand: `sh -c 'sleep 4; exec ${COMMAND}'`, startTimeout: "20 s", idleAfter: "500 ms" },
	"broken/*": { runOnDemand: "sh -c 'exit 3'", startTimeout: "2500 ms" },
};

const readers: readonly (readonly [string, (relay: TestRelay, path: string) => readonly [string, ...string[]]])[] = [
	["RTSP", ({ rtspUrl }, path) => [`${rtspUrl}/${path}`, "-rtsp_transport", "tcp"]],
	["RTMP", ({ rtmpUrl }, path) => [`${rtmpUrl}/${path}`]],
	["SRT", ({ srtUrl }, path) => [`${srtUrl}?streamid=read:${path}`]],
	["HLS", ({ httpUrl }, path) => [`${httpUrl}/${path}/index.m3u8`]],
];

for (const [protocol, address] of readers) {
	test(`ffmpeg by ${protocol} wakes a command, decodes what it publishes, and lets it end`, {
		timeout: 60_000,
	}, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay({ paths: commands, hls: { closeAfter: "5 s" } });
		const [url, ...options] = address(relay, `file/${protocol}`);
		const program = await decode(url, ...options);
		assert.equal(program.output().length, FRAMES * FRAME_BYTES, program.text());
		await until(() => stateOf(relay, `file/${protocol}`) === "idle", "it sleeps");
		assert.equal(relay.relay.hub.path(name(`file/${protocol}`)), undefined);
	});
}

/** The same, in whose addresses the viewer says start. */
const pressed: typeof readers = [
	["RTSP", ({ rtspUrl }, path) => [`${rtspUrl}/${path}?wake=1`, "-rtsp_transport", "tcp"]],
	["RTMP", ({ rtmpUrl }, path) => [`${rtmpUrl}/${path}?wake=1`]],
	["SRT", ({ srtUrl }, path) => [`${srtUrl}?streamid=read:${path}:::wake=1`]],
	["HLS", ({ httpUrl }, path) => [`${httpUrl}/${path}/index.m3u8?wake=1`]],
];

test("after a stop players wake nothing, but where their address says so", { timeout: 90_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay({ paths: commands });
	const { hub } = relay.relay;
	const viewer = { type: "test", user: "", remoteAddress: "127.0.0.1" };
	const stopped = readers.map(async ([protocol, address]) => {
		const path = name(`file/${protocol}`);
		const refused = assert.rejects(hub.wanted(path, viewer), { kind: "stopped" });
		hub.demand.stop(path, { ...viewer, user: "bob" });
		await refused;
		await until(() => stateOf(relay, path) === "idle", "it sleeps");
		const [url, ...options] = address(relay, path);
		const program = await decode(url, ...options);
		assert.equal(program.output().length, 0, program.text());
	});
	await Promise.all(stopped);
	assert.equal(hub.demand.counters.starts, readers.length, "coming back wakes nothing");
	const woken = pressed.map(async ([protocol, address]) => {
		const [url, ...options] = address(relay, `file/${protocol}`);
		const program = await decode(url, ...options);
		assert.equal(program.output().length, FRAMES * FRAME_BYTES, program.text());
	});
	await Promise.all(woken);
});

test("a caller by SRT, who would hang up after 3 s, waits longer for pictures", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay({ paths: commands });
	const program = await decode(`${relay.srtUrl}?streamid=read:slow/srt`);
	assert.equal(program.output().length, FRAMES * FRAME_BYTES, program.text());
});

test("a WebSocket wakes a command", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay({ paths: commands });
	const socket = new WebSocket(`${relay.httpUrl.replace("http", "ws")}/file/ws/live.ws`, "vedette");
	let bytes = 0;
	socket.on("message", (data: Buffer) => {
		bytes += data.length;
	});
	await until(() => bytes > 20_000, "pictures");
	socket.close();
	await until(() => stateOf(relay, "file/ws") === "idle", "it sleeps");
});

test("who may not read wakes nothing, and looking is not watching", { timeout: 30_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay({ paths: commands, access: { anonymous: ["publish", "api"] } });
	const paths = [
		"file/a/index.m3u8",
		"file/a/live.ws",
		"thumbnails/file/a.jpg",
		"api/streams",
		"v3/paths/list",
		"health",
	];
	for (const path of paths) await fetch(`${relay.httpUrl}/${path}`);
	const program = await decode(`${relay.rtspUrl}/file/a`, "-rtsp_transport", "tcp");
	assert.match(program.text(), /401/);
	assert.deepEqual(relay.relay.hub.demand.list(), []);
});

test("a command that fails is told in each protocol's own words", { timeout: 30_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay({ paths: commands });
	const [rtsp, rtmp, srt] = await Promise.all([
		decode(`${relay.rtspUrl}/broken/a`, "-rtsp_transport", "tcp"),
		decode(`${relay.rtmpUrl}/broken/b`),
		decode(`${relay.srtUrl}?streamid=read:broken/c`),
	]);
	assert.match(rtsp.text(), /404/);
	assert.match(rtmp.text(), /no pictures after 2.5 s: the command has ended: code 3/);
	assert.notEqual(srt.text(), "");
	const playlist = await fetch(`${relay.httpUrl}/broken/d/index.m3u8`);
	assert.equal(playlist.status, 404);
	assert.match(await playlist.text(), /code 3/);
});

const publishers: readonly (readonly [string, (relay: TestRelay) => readonly string[]])[] = [
	["RTSP", ({ rtspUrl }) => ["-f", "rtsp", "-rtsp_transport", "tcp", `${rtspUrl}/robot/front`]],
	["RTMP", ({ rtmpUrl }) => ["-f", "flv", `${rtmpUrl}/robot/front`]],
	["SRT", ({ srtUrl }) => ["-f", "mpegts", `${srtUrl}?streamid=publish:robot/front`]],
];

test("a robot that nobody wants is refused in each protocol's own words", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay({ paths: commands });
	const said: string[] = [];
	relay.relay.hub.demand.drive(name("robot/front"), {
		kind: "robot",
		open: () => ({ start: () => undefined, stop: () => undefined, owns: () => true }),
	});
	relay.relay.hub.listen((event) => said.push(event.at));
	const input = ["-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30"];
	const coder = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"];
	const texts = new Map<string, string>();
	for (const [protocol, output] of publishers) {
		await using program = run("ffmpeg", [...input, ...coder, ...output(relay)]);
		assert.notEqual(await program.exit(PATIENCE_MS), 0, protocol);
		texts.set(protocol, program.text());
	}
	assert.match(texts.get("RTSP") ?? "", /423/);
	assert.match(texts.get("RTMP") ?? "", /nobody wants/);
	assert.deepEqual(said, []);
});

const sources: readonly (readonly [string, (relay: TestRelay) => string])[] = [
	["RTSP", ({ rtspUrl }) => `${rtspUrl}/file/far`],
	["WHEP", ({ httpUrl }) => `${httpUrl.replace("http", "whep")}/file/far/whep`],
];

for (const [protocol, address] of sources) {
	test(`a source is pulled by ${protocol} while ffmpeg watches, and no longer`, { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using far = await startTestRelay({ paths: commands });
		const gate = { source: address(far), sourceOnDemand: true, startTimeout: "20 s", idleAfter: "500 ms" };
		await using near = await startTestRelay({ paths: { gate } });
		assert.equal(stateOf(far, "file/far"), "idle");
		for (let turn = 0; turn < 2; turn++) {
			const program = await decode(`${near.rtspUrl}/gate`, "-rtsp_transport", "tcp");
			assert.equal(program.output().length, FRAMES * FRAME_BYTES, program.text());
			await until(() => stateOf(near, "gate") === "idle", "the near one sleeps");
			await until(() => stateOf(far, "file/far") === "idle", "the far one sleeps");
		}
	});
}
