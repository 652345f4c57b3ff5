import { Socket } from "node:net";
import type { CaptureSettings } from "../capture.ts";
import { pace } from "../pace.ts";
import { createPattern } from "../pattern.ts";
import { recordHeader } from "../records.ts";
import { type Encoder, encoders } from "./encoders.ts";
import { type Gst, loadGst, type Pipeline, type Sample } from "./gst.ts";
import { type Command, type GstProbe, RECORDS_FD, type Report } from "./messages.ts";
import { passesThrough, pipelineText } from "./pipeline.ts";

/**
 * The child process of one camera: runs GStreamer, sends access units through a pipe and words through IPC. It lives as
 * long as its robot is connected.
 */

/** How often a pipeline that gives nothing is asked whether it failed. */
const PULL_TIMEOUT_MS = 200;
/** Unread bytes in the pipe beyond which the robot is taken for dead. */
const PIPE_LIMIT_BYTES = 16 * 1024 * 1024;
/** Capture times that are remembered while their pictures are in the encoder. */
const REMEMBERED = 64;

/** The camera elements that a probe looks for. */
const SOURCES = ["v4l2src", "libcamerasrc", "nvarguscamerasrc"];

/** A running capture: its pipeline and what is known about its pictures. */
interface Run {
	readonly settings: CaptureSettings;
	readonly pipeline: Pipeline;
	readonly encoder: Encoder | undefined;
	/** When a picture was captured, in Unix milliseconds, by its running time. */
	capturedAt(timeNs: number): number | undefined;
	close(): Promise<void>;
}

let current: Run | undefined;
let stopping = false;

process.on("message", (command: Command) => {
	obey(command).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
});
process.on("disconnect", () => process.exit(0));

async function obey(command: Command): Promise<void> {
	switch (command.do) {
		case "start":
			return await start(command.settings, command.cores);
		case "probe":
			return report({ is: "probed", probe: probe(command.settings, command.cores) });
		case "bitrate":
			return setBitrate(command.kbps);
		case "keyframe":
			return current?.pipeline.forceKeyFrame(current.encoder?.keyFrame ?? "event");
		case "stop":
			stopping = true;
			await current?.close();
			process.exit(0);
	}
}

function report(message: Report): void {
	process.send?.(message);
}

function fail(reason: string): void {
	process.send?.({ is: "failed", reason } satisfies Report, () => process.exit(1));
}

function candidates(gst: Gst, settings: CaptureSettings): readonly (Encoder | undefined)[] {
	if (passesThrough(settings)) return [undefined];
	const wanted = ({ name }: Encoder): boolean => settings.encoder === "auto" || settings.encoder === name;
	return encoders.filter((encoder) => wanted(encoder) && gst.has(encoder.name));
}

function probe(settings: readonly CaptureSettings[], cores: number): GstProbe | undefined {
	const gst = loadGst();
	if (!gst) return undefined;
	return {
		version: gst.version,
		encoders: encoders.filter((encoder) => gst.has(encoder.name)).map((encoder) => encoder.name),
		sources: SOURCES.filter((element) => gst.has(element)),
		pipelines: settings.map((one) => {
			if (one.source.kind === "sample") return null;
			const encoder = candidates(gst, one)[0];
			return encoder || passesThrough(one) ? pipelineText(one, encoder, cores) : null;
		}),
	};
}

/** Tries the encoders in turn: one may be installed and fail all the same, as NVIDIA's does on an Orin Nano. */
async function start(settings: CaptureSettings, cores: number): Promise<void> {
	const gst = loadGst();
	if (!gst) return fail("GStreamer is not installed");
	const tried = candidates(gst, settings);
	if (tried.length === 0) return fail(`GStreamer lacks ${settings.encoder === "auto" ? "encoders" : settings.encoder}`);
	const out = new Socket({ fd: RECORDS_FD, readable: false, writable: true });
	let reason = "";
	for (const encoder of tried) {
		const text = pipelineText(settings, encoder, cores);
		const run = begin(gst.launch(text), settings, encoder);
		current = run;
		report({ is: "started", pipeline: text });
		await run.pipeline.play();
		const end = await drain(run, out);
		if (stopping) return;
		await run.close();
		reason = end.reason;
		if (!end.byEncoder) break;
	}
	fail(reason);
}

function begin(pipeline: Pipeline, settings: CaptureSettings, encoder: Encoder | undefined): Run {
	const test = settings.source.kind === "test" ? feed(pipeline, settings) : undefined;
	return {
		settings,
		pipeline,
		encoder,
		capturedAt: test?.capturedAt ?? ((timeNs) => liveCaptureTime(settings, pipeline, timeNs)),
		close: async () => {
			test?.stop();
			await pipeline.close();
		},
	};
}

/** A camera's timestamps are running times of the pipeline's clock. Of a file or a foreign stream nothing is known. */
function liveCaptureTime(settings: CaptureSettings, pipeline: Pipeline, timeNs: number): number | undefined {
	if (settings.source.kind === "file" || settings.source.kind === "rtsp") return undefined;
	const age = (pipeline.now() - timeNs) / 1e6;
	return Number.isFinite(age) ? Date.now() - Math.max(0, age) : undefined;
}

/** Draws the test picture at its rate and pushes it into the pipeline. */
function feed(pipeline: Pipeline, settings: CaptureSettings) {
	const { width, height, fps } = settings;
	const pattern = createPattern(width, height, fps, 4);
	const times = new Float64Array(REMEMBERED);
	const stop = pace(fps, (n) => {
		const now = Date.now();
		pattern.draw(n, now);
		times[n % REMEMBERED] = now;
		pipeline.push(pattern.frame, (n * 1e9) / fps);
	});
	const capturedAt = (timeNs: number): number | undefined => times[Math.round((timeNs * fps) / 1e9) % REMEMBERED];
	return { stop, capturedAt };
}

interface End {
	readonly reason: string;
	/** Whether another encoder may do better: this one failed before its first picture. */
	readonly byEncoder: boolean;
}

/** Sends the pipeline's access units to the robot until it fails or ends. */
async function drain(run: Run, out: Socket): Promise<End> {
	let pictures = 0;
	while (!stopping) {
		const sample = await run.pipeline.pull(PULL_TIMEOUT_MS);
		if (stopping) break;
		if (sample && !Number.isNaN(sample.timeNs)) {
			pictures += 1;
			send(run, out, sample);
		}
		const failure = run.pipeline.failure();
		if (failure) return { reason: failure.reason, byEncoder: failure.byEncoder && pictures === 0 };
		if (!sample && run.pipeline.ended()) return { reason: "the source has ended", byEncoder: false };
	}
	return { reason: "", byEncoder: false };
}

function send(run: Run, out: Socket, sample: Sample): void {
	if (out.writableLength > PIPE_LIMIT_BYTES) throw new Error("the robot does not take the pictures");
	out.cork();
	out.write(recordHeader(sample.bytes.length, sample.timeNs, run.capturedAt(sample.timeNs)));
	out.write(sample.bytes);
	out.uncork();
}

function setBitrate(kbps: number): void {
	if (!current?.encoder) return;
	const [property, value] = current.encoder.bitrate(current.settings, kbps);
	current.pipeline.setEncoder(property, value);
}
