import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { needs } from "../support/peers.ts";
import { freeUdpPort } from "../support/ports.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { type Program, run } from "./rtsp-programs.ts";

const FRAME_BYTES = (320 * 240 * 3) / 2;
const FRAMES = 60;
/** What decoders say of pictures that are not whole. */
const broken = /concealing|error while decoding|corrupt|Invalid data|missing picture|non-existing/i;
const secret = "a-long-passphrase";

const camera = parsePathName("camera") as PathName;

/** A relay with a path of which all is encrypted, and one with an owner. */
function open(): Promise<TestRelay> {
	const paths = { locked: { srtPublishPassphrase: secret, srtReadPassphrase: secret }, all_others: {} };
	return startTestRelay({ paths });
}

const PATIENCE_MS = 15_000;

async function until(ready: () => boolean, what: string, more: () => string = () => ""): Promise<void> {
	for (const end = performance.now() + PATIENCE_MS; !ready(); ) {
		if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what} ${more()}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** Waits until somebody publishes. */
function published({ relay }: TestRelay, path: PathName, program?: Program): Promise<void> {
	const isThere = (): boolean => relay.hub.path(path)?.publication !== undefined;
	return until(isThere, "somebody publishes", () => program?.text() ?? "");
}

function ffmpegPublishes(url: string, codec = "libx264"): Program {
	const picture = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30"];
	const sound = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
	const video = ["-c:v", codec, "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p"];
	const quiet = codec === "libx265" ? ["-x265-params", "log-level=none"] : [];
	const out = ["-c:a", "aac", "-f", "mpegts", `${url}${url.includes("?") ? "&" : "?"}pkt_size=1316`];
	return run("ffmpeg", ["-loglevel", "error", ...picture, ...sound, ...video, ...quiet, ...out]);
}

function gstreamerPublishes(url: string): Program {
	const source = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1";
	const encoder = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! video/x-h264,profile=baseline";
	const sink = `h264parse ! mpegtsmux alignment=7 ! srtsink uri=${url}`;
	return run("gst-launch-1.0", ["-q", ...`${source} ! ${encoder} ! ${sink}`.split(" ")]);
}

/** ffmpeg decodes so many pictures and tells of each block of sound. */
function ffmpegPlays(url: string, sound = false): Program {
	const rtsp = url.startsWith("rtsp") ? ["-rtsp_transport", "tcp"] : [];
	const picture = ["-map", "0:v", "-fps_mode", "passthrough", "-frames:v", `${FRAMES}`, "-f", "rawvideo", "pipe:1"];
	const blocks = sound ? ["-map", "0:a", "-t", "1", "-f", "framecrc", "pipe:2"] : [];
	return run("ffmpeg", [
		...["-hide_banner", "-loglevel", "warning", ...rtsp, "-analyzeduration", "1M", "-i", url],
		...[...picture, ...blocks],
	]);
}

async function plays(program: Program): Promise<void> {
	assert.equal(await program.exit(30_000), 0, program.text());
	assert.equal(program.output().length, FRAMES * FRAME_BYTES, program.text());
	assert.doesNotMatch(program.text(), broken);
}

for (const codec of ["libx264", "libx265"]) {
	test(`ffmpeg publishes ${codec} with AAC; ffmpeg plays it by RTSP and by SRT`, { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await open();
		await using publisher = ffmpegPublishes(`${relay.srtUrl}?streamid=publish:camera`, codec);
		await published(relay, camera, publisher);
		await using rtsp = ffmpegPlays(`${relay.rtspUrl}/camera`);
		await using srt = ffmpegPlays(`${relay.srtUrl}?streamid=read:camera`, true);
		await plays(rtsp);
		await plays(srt);
		const blocksOfSound = srt.text().match(/^0, /gm)?.length ?? 0;
		assert.ok(blocksOfSound >= 40, `${blocksOfSound} blocks of sound`);
		assert.equal(publisher.text(), "");
	});
}

for (const bytes of [16, 24, 32]) {
	test(`encrypted with keys of ${bytes} bytes, both ways`, { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await open();
		const key = `&passphrase=${secret}&pbkeylen=${bytes}`;
		await using publisher = ffmpegPublishes(`${relay.srtUrl}?streamid=publish:locked${key}`);
		await published(relay, parsePathName("locked")!, publisher);
		await using srt = ffmpegPlays(`${relay.srtUrl}?streamid=read:locked${key}`);
		await plays(srt);
	});
}

test("GStreamer publishes; GStreamer and srt-live-transmit read", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg", "element srtsink", "element x264enc", "srt-live-transmit")) return;
	await using relay = await open();
	await using publisher = gstreamerPublishes(`${relay.srtUrl}?streamid=publish:camera`);
	await published(relay, camera, publisher);
	const began = performance.now();
	const pipeline = `srtsrc uri=${relay.srtUrl}?streamid=read:camera num-buffers=200 ! fdsink fd=1`;
	await using gstreamer = run("gst-launch-1.0", ["-q", ...pipeline.split(" ")]);
	await using transmit = run("srt-live-transmit", [`${relay.srtUrl}?streamid=read:camera`, "file://con"]);
	for (const program of [gstreamer, transmit]) {
		while (program.output().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
	}
	// The latency is 125 ms, and programs take their time to start.
	assert.ok(performance.now() - began < 2500, `the first bytes came after ${performance.now() - began} ms`);
	assert.equal(await gstreamer.exit(20_000), 0, gstreamer.text());
	await transmit.interrupt();
	for (const program of [gstreamer, transmit]) await decodes(t, program.output());
});

/** The bytes are a transport stream of which every picture is whole. */
async function decodes(t: TestContext, bytes: Buffer): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "vedette-test-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const file = join(folder, "read.ts");
	writeFileSync(file, bytes);
	await using ffmpeg = run("ffmpeg", ["-loglevel", "error", "-f", "mpegts", "-i", file, "-f", "framecrc", "pipe:1"]);
	assert.equal(await ffmpeg.exit(10_000), 0, ffmpeg.text());
	const pictures = ffmpeg.output().toString().match(/^0, /gm)?.length ?? 0;
	t.diagnostic(`${pictures} pictures in ${bytes.length} bytes`);
	assert.ok(pictures > 3, `${pictures}`);
}

test("who is refused hears why, and holds up nobody", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await open();
	const refused = async (query: string, reason: RegExp): Promise<void> => {
		const url = `${relay.srtUrl}?${query}`;
		await using player = run("ffmpeg", ["-loglevel", "verbose", "-i", url, "-f", "null", "-"]);
		assert.notEqual(await player.exit(10_000), 0);
		assert.match(player.text(), reason);
	};
	const wrong = "streamid=read:locked&passphrase=not+this+one";
	await using publisher = ffmpegPublishes(`${relay.srtUrl}?streamid=publish:camera`);
	await Promise.all([
		...Array.from({ length: 5 }, () => refused(wrong, /Incorrect passphrase/)),
		refused("streamid=read:locked", /[Pp]assword required or unexpected/),
		published(relay, camera, publisher),
	]);
	await refused("streamid=read:nobody", /1404|Input\/output error/);
	await using second = ffmpegPlays(`${relay.srtUrl}?streamid=read:camera`);
	await plays(second);
});

test("pulled from ffmpeg and from another relay, encrypted", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using origin = await open();
	await using publisher = ffmpegPublishes(`${origin.srtUrl}?streamid=publish:locked&passphrase=${secret}`);
	const port = await freeUdpPort();
	await using listener = ffmpegPublishes(`srt://127.0.0.1:${port}?mode=listener&passphrase=${secret}`);
	await published(origin, parsePathName("locked")!, publisher);
	const query = `passphrase=${secret}&pbkeylen=32&latency=200`;
	const paths = {
		camera: { source: `srt://127.0.0.1:${port}?${query}` },
		other: { source: `${origin.srtUrl}?streamid=read:locked&${query}` },
	};
	await using relay = await startTestRelay({ paths });
	await published(relay, camera, listener);
	await published(relay, parsePathName("other")!, listener);
	await using first = ffmpegPlays(`${relay.rtspUrl}/camera`);
	await using second = ffmpegPlays(`${relay.rtspUrl}/other`);
	await plays(first);
	await plays(second);
});

test("a path's own port, without stream ids: who sends publishes, the others read", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg", "element srtsink", "element x264enc")) return;
	const port = await freeUdpPort();
	const url = `srt://127.0.0.1:${port}`;
	await using relay = await startTestRelay({ paths: { camera: { srt: { address: `127.0.0.1:${port}` } } } });
	// The player is there first, and waits.
	await using early = ffmpegPlays(url);
	await using publisher = gstreamerPublishes(url);
	await published(relay, camera, publisher);
	const pipeline = `srtsrc uri=${url} num-buffers=300 ! fdsink fd=1`;
	await using gstreamer = run("gst-launch-1.0", ["-q", ...pipeline.split(" ")]);
	await plays(early);
	assert.equal(await gstreamer.exit(20_000), 0, gstreamer.text());
	await decodes(t, gstreamer.output());
	const first = relay.relay.hub.path(camera)?.publication?.info.id;
	await publisher.kill();
	// The relay has not missed the first one yet: the second is taken for a reader until it sends.
	await using second = ffmpegPublishes(url);
	await until(
		() => relay.relay.hub.path(camera)?.publication?.info.id !== first,
		"the second one publishes",
		second.text,
	);
	await using late = ffmpegPlays(url);
	await plays(late);
});

/** So many of the raw pictures that it writes. */
async function shows(program: Program): Promise<void> {
	await until(() => program.output().length >= FRAMES * FRAME_BYTES || !program.running, "pictures", program.text);
	assert.ok(program.output().length >= FRAMES * FRAME_BYTES, program.text());
}

test("seed 000's commands: the robot's and the viewer's GStreamer by SRT, without stream ids", {
	timeout: 60_000,
}, async (t) => {
	if (!needs(t, "element srtsink", "element x264enc", "element avdec_h264")) return;
	const port = await freeUdpPort();
	await using relay = await startTestRelay({ paths: { camera: { srt: { address: `127.0.0.1:${port}` } } } });
	const source = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1";
	const robot = `${source} ! x264enc ! mpegtsmux ! srtsink uri=srt://127.0.0.1:${port}`;
	const viewer = `srtsrc uri=srt://127.0.0.1:${port} ! tsdemux ! h264parse ! avdec_h264 ! videoconvert ! fdsink fd=1`;
	await using early = run("gst-launch-1.0", ["-q", ...viewer.split(" ")]);
	await using publisher = run("gst-launch-1.0", ["-q", ...robot.split(" ")]);
	await published(relay, camera, publisher);
	await shows(early);
	await using late = run("gst-launch-1.0", ["-q", ...viewer.split(" ")]);
	await shows(late);
	assert.doesNotMatch(late.text() + publisher.text(), /ERROR|WARN/);
});

test("srt-live-transmit publishes and reads, with either form of stream id", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg", "srt-live-transmit")) return;
	await using relay = await open();
	const port = await freeUdpPort();
	const publish = `${relay.srtUrl}?streamid=#!::m=publish,r=camera`;
	await using transmit = run("srt-live-transmit", ["-chunk:1316", `udp://127.0.0.1:${port}`, publish]);
	await using encoder = ffmpegPublishes(`udp://127.0.0.1:${port}`);
	await published(relay, camera, transmit);
	for (const id of ["read:camera", "#!::m=request,r=camera", "#!::r=camera"]) {
		await using reader = run("srt-live-transmit", [`${relay.srtUrl}?streamid=${id}`, "file://con"]);
		await until(() => reader.output().length > 100_000 || !reader.running, id, reader.text);
		await reader.interrupt();
		await decodes(t, reader.output());
	}
	assert.equal(encoder.text(), "");
});

test("the robot publishes by SRT and says goodbye", { timeout: 30_000 }, async () => {
	await using relay = await open();
	const cameras = [{ source: "sample", publish: `${relay.srtUrl}?streamid=publish:camera&latency=150` }];
	await using robot = await startTestRobot({ cameras });
	await published(relay, camera);
	const path = relay.relay.hub.path(camera)!;
	assert.equal(path.publication?.info.type, "srtConn");
	await robot.stop();
	await until(() => !relay.relay.hub.path(camera)?.publication, "the relay hears the goodbye");
});
