import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { needs } from "../../../test/support/peers.ts";
import type { Frame } from "../../media/frame.ts";
import { readTimeCode } from "../../media/timecode.ts";
import { captureSettings, robotSchema } from "../config.ts";
import { chooseBackend, probeBackends } from "./backends.ts";
import type { Capture, CaptureSettings, StartCapture } from "./capture.ts";
import { startFfmpeg } from "./ffmpeg/ffmpeg.ts";
import { startGstreamer } from "./gstreamer/gstreamer.ts";
import { Supervisor } from "./supervisor.ts";

/** Captures through the real GStreamer and ffmpeg. */

const START = Buffer.from([0, 0, 0, 1]);

function settings(source: string, more: Record<string, unknown> = {}): CaptureSettings {
	const camera = { source, size: "640x360", bitrate: 1500, publish: "rtsp://127.0.0.1/x", ...more };
	return captureSettings(robotSchema.parse({ cameras: [camera] }).cameras[0]!);
}

interface Taken extends Frame {
	readonly arrivedAt: number;
	readonly bytes: number;
}

/** A running capture whose frames are kept. */
class Take {
	readonly frames: Taken[] = [];
	readonly capture: Capture;
	failure: string | undefined;
	#wake: () => void = () => undefined;

	constructor(start: StartCapture, wanted: CaptureSettings) {
		this.capture = start(wanted, {
			onFrame: (frame) => {
				const bytes = frame.units.reduce((sum, unit) => sum + unit.length, 0);
				this.frames.push({ ...frame, arrivedAt: performance.timeOrigin + performance.now(), bytes });
				this.#wake();
			},
			onError: (reason) => {
				this.failure = reason;
				this.#wake();
			},
		});
	}

	async until(count: number): Promise<void> {
		while (this.frames.length < count && this.failure === undefined) {
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}

	/** kbit/s of the frames from `from` to `to`. */
	rate(from: number, to: number): number {
		const part = this.frames.slice(from, to);
		const seconds = (part.at(-1)!.pts - part[0]!.pts) / 90_000;
		return (part.slice(1).reduce((sum, { bytes }) => sum + bytes, 0) * 8) / 1000 / seconds;
	}
}

/** Decodes with ffmpeg and reads the time out of each picture. */
async function timesIn(frames: readonly Frame[], width: number, height: number): Promise<(number | undefined)[]> {
	const output = ["-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"];
	const ffmpeg = spawn("ffmpeg", [
		"-loglevel",
		"error",
		"-f",
		"h264",
		"-i",
		"pipe:0",
		"-vsync",
		"passthrough",
		...output,
	]);
	ffmpeg.stdin.end(Buffer.concat(frames.flatMap(({ units }) => units.flatMap((unit) => [START, unit]))));
	const chunks: Buffer[] = [];
	for await (const chunk of ffmpeg.stdout) chunks.push(chunk as Buffer);
	const pictures = Buffer.concat(chunks);
	const size = width * height;
	return Array.from({ length: pictures.length / size }, (_, i) =>
		readTimeCode(pictures.subarray(i * size, (i + 1) * size), width, height),
	);
}

function latency(t: TestContext, frames: readonly Taken[]): void {
	const ages = frames.map(({ arrivedAt, capturedAt }) => arrivedAt - capturedAt!).sort((a, b) => a - b);
	const [p50, p95] = [ages[Math.floor(ages.length * 0.5)]!, ages[Math.floor(ages.length * 0.95)]!];
	t.diagnostic(`capture and encoder: ${p50.toFixed(1)} ms p50, ${p95.toFixed(1)} ms p95`);
	assert.ok(p50 < 60, `${p50} ms`);
}

const times = (frames: readonly Frame[]): (number | undefined)[] => frames.map(({ capturedAt }) => capturedAt);

test("GStreamer: rate, time in the picture, key frame on demand, bitrate while it runs", {
	timeout: 30_000,
}, async (t) => {
	if (!needs(t, "element x264enc", "ffmpeg")) return;
	const take = new Take(startGstreamer, settings("test"));
	await take.until(75);
	assert.equal(take.failure, undefined);
	const steps = take.frames.slice(31, 75).map(({ pts }, i) => pts - take.frames[30 + i]!.pts);
	// Late pictures are left out, never moved: a busy machine shows as a gap of whole periods.
	assert.ok(steps.every((step) => step % 3000 === 0) && steps.filter((step) => step === 3000).length > 22, `${steps}`);
	assert.match(take.capture.track.fmtp, /profile-level-id=42c0/);
	take.capture.requestKeyFrame();
	await take.until(79);
	assert.ok(
		take.frames.slice(75, 79).some(({ key }) => key),
		"no key frame",
	);
	take.capture.setBitrate(400);
	const changed = take.frames.length;
	const settled = changed + 45;
	await take.until(settled + 40);
	await take.capture.stop();
	latency(t, take.frames.slice(30, 75));
	const [before, after] = [take.rate(15, 75), take.rate(settled, settled + 40)];
	t.diagnostic(`${before.toFixed(0)} kbit/s before, ${after.toFixed(0)} kbit/s 1.5 s after the change`);
	assert.ok(before > 900 && after < 600);
	const seen = await timesIn(take.frames, 640, 360);
	assert.equal(seen.length, take.frames.length);
	// Until it has saved what the change took from its buffer, the encoder has pictures that it cannot pay for: they stay as they were.
	for (const [from, to] of [[0, changed] as const, [settled, seen.length] as const]) {
		assert.deepEqual(seen.slice(from, to), times(take.frames.slice(from, to)));
	}
});

test("GStreamer: openh264 does as well", { timeout: 30_000 }, async (t) => {
	if (!needs(t, "element openh264enc", "ffmpeg")) return;
	const take = new Take(startGstreamer, settings("test", { encoder: "openh264enc" }));
	await take.until(45);
	assert.equal(take.failure, undefined);
	take.capture.requestKeyFrame();
	await take.until(49);
	assert.ok(
		take.frames.slice(45, 49).some(({ key }) => key),
		"no key frame",
	);
	take.capture.setBitrate(300);
	await take.until(140);
	await take.capture.stop();
	const [before, after] = [take.rate(10, 45), take.rate(100, 140)];
	assert.ok(after < before / 2, `${before} kbit/s before, ${after} after`);
	assert.deepEqual(await timesIn(take.frames, 640, 360), times(take.frames));
});

test("GStreamer: errors come as text", { timeout: 30_000 }, async (t) => {
	if (!needs(t, "element v4l2src", "element x264enc")) return;
	const take = new Take(startGstreamer, settings("v4l2:/dev/video99"));
	await take.until(1);
	assert.match(take.failure ?? "", /Cannot identify device '\/dev\/video99'/);
	await take.capture.stop();
});

test("GStreamer: a crash in native code restarts the capture and nothing else", { timeout: 30_000 }, async (t) => {
	if (!needs(t, "element x264enc")) return;
	const frames: Frame[] = [];
	const restarts: string[] = [];
	const supervisor = new Supervisor(settings("test"), startGstreamer, {
		onFrame: (frame) => frames.push(frame),
		onStarted: () => undefined,
		onRestart: (reason) => restarts.push(reason),
	});
	const until = async (condition: () => boolean): Promise<void> => {
		while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
	};
	await until(() => frames.length > 5);
	const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").map(Number);
	const capture = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("gstreamer/child.ts"));
	process.kill(capture!, "SIGSEGV");
	await until(() => restarts.length === 1);
	const seen = frames.length;
	await until(() => frames.length > seen + 5);
	assert.match(restarts[0]!, /SIGSEGV/);
	assert.ok(frames[seen]!.key);
	assert.ok(frames.every(({ pts }, i) => i === 0 || pts > frames[i - 1]!.pts));
	await supervisor.stop();
});

test("ffmpeg: rate, time in the picture, a new bitrate after a restart", { timeout: 30_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	const take = new Take((wanted, events) => startFfmpeg(wanted, events, "libx264"), settings("test"));
	await take.until(75);
	assert.equal(take.failure, undefined);
	take.capture.setBitrate(400);
	await take.until(140);
	await take.capture.stop();
	latency(t, take.frames.slice(30, 75));
	const [before, after] = [take.rate(15, 75), take.rate(100, 140)];
	assert.ok(before > 900 && after < 600, `${before} kbit/s before, ${after} after`);
	assert.ok(take.frames.every(({ pts }, i) => i === 0 || pts > take.frames[i - 1]!.pts));
	assert.deepEqual(await timesIn(take.frames, 640, 360), times(take.frames));
});

test("backends: GStreamer first, ffmpeg where it is wanted, the sample everywhere", async (t) => {
	if (!needs(t, "element x264enc", "ffmpeg")) return;
	const wanted = [settings("test"), settings("sample")];
	const backends = await probeBackends(wanted);
	const name = (index: number, backend: "auto" | "ffmpeg"): string => {
		const choice = chooseBackend(backends, wanted[index]!, index, backend);
		return "missing" in choice ? choice.missing : choice.name;
	};
	assert.deepEqual([name(0, "auto"), name(0, "ffmpeg"), name(1, "auto")], ["gstreamer", "ffmpeg", "sample"]);
	const nothing = { gstreamer: undefined, ffmpeg: undefined };
	assert.ok("missing" in chooseBackend(nothing, wanted[0]!, 0, "auto"));
	assert.ok("start" in chooseBackend(nothing, wanted[1]!, 1, "auto"));
});
