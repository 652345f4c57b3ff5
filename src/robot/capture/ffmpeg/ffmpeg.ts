import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { type Capture, type CaptureEvents, type CaptureSettings, VIDEO_CLOCK_HZ } from "../capture.ts";
import { pace } from "../pace.ts";
import { createPattern } from "../pattern.ts";
import { UnitShaper, videoTrack } from "../units.ts";
import { FFMPEG_ENCODERS, type FfmpegEncoder, ffmpegArguments } from "./command.ts";
import { type FlvPicture, FlvReader } from "./flv.ts";

/** The Raspberry Pi's encoder; ffmpeg lists `h264_v4l2m2m` on machines that have none. */
const V4L2_ENCODER_DEVICE = "/dev/video11";
const PROBE_TIMEOUT_MS = 10_000;
const WORDS_KEPT = 2000;

/** One run of ffmpeg; a changed bitrate needs a new one. */
interface Run {
	readonly gone: Promise<void>;
	readonly stop: () => void;
}

/** When a picture was taken, and its number. */
interface Taken {
	readonly n: number;
	readonly at: number;
}

/** Captures through ffmpeg. It cannot be asked for a key frame, and starts anew to change its bitrate. */
export function startFfmpeg(settings: CaptureSettings, events: CaptureEvents, encoder: FfmpegEncoder): Capture {
	const began = performance.now();
	const shaper = new UnitShaper();
	let open = true;
	let { bitrate } = settings;
	let run: Run | undefined;
	let changing = false;
	const end = (reason: string): void => {
		if (!open || changing) return;
		open = false;
		run?.stop();
		events.onError(reason);
	};
	const begin = (): void => {
		const offset = Math.round(((performance.now() - began) * VIDEO_CLOCK_HZ) / 1000);
		const take = (picture: FlvPicture, taken: Taken | undefined): void => {
			const unit = shaper.shape(picture.units);
			if (!open || changing || !unit) return;
			const pts = taken ? (taken.n * VIDEO_CLOCK_HZ) / settings.fps : (picture.timeMs * VIDEO_CLOCK_HZ) / 1000;
			events.onFrame({ track: 0, pts: Math.round(pts) + offset, ...unit, ...(taken ? { capturedAt: taken.at } : {}) });
		};
		run = launch({ ...settings, bitrate }, encoder, events, take, end);
	};
	const restart = async (): Promise<void> => {
		changing = true;
		run?.stop();
		await run?.gone;
		changing = false;
		if (open) begin();
	};
	begin();
	return {
		get track() {
			return videoTrack(shaper.fmtp);
		},
		setBitrate: (kbps) => {
			if (kbps === bitrate) return;
			bitrate = kbps;
			if (!changing) restart().catch((error: unknown) => end(String(error)));
		},
		requestKeyFrame: () => undefined,
		stop: async () => {
			open = false;
			run?.stop();
			await run?.gone;
		},
	};
}

function launch(
	settings: CaptureSettings,
	encoder: FfmpegEncoder,
	events: CaptureEvents,
	take: (picture: FlvPicture, taken: Taken | undefined) => void,
	end: (reason: string) => void,
): Run {
	const args = ffmpegArguments(settings, encoder);
	if (!args) throw new Error(`ffmpeg has no source ${settings.source.kind}`);
	const ffmpeg = spawn("ffmpeg", args, { stdio: ["pipe", "pipe", "pipe"] });
	events.onStarted?.(`ffmpeg ${args.join(" ")}`);
	const gone = new Promise<void>((resolve) => {
		ffmpeg.once("close", () => resolve());
		ffmpeg.once("error", () => resolve());
	});
	let words = "";
	ffmpeg.stderr.on("data", (chunk: Buffer) => {
		words = (words + chunk.toString()).slice(-WORDS_KEPT);
	});
	const times: Taken[] = [];
	const stopFeeding = settings.source.kind === "test" ? feed(ffmpeg, settings, times) : () => undefined;
	// Without B-frames the pictures come out in the order they went in.
	const reader = new FlvReader((picture) => take(picture, picture.configuration ? undefined : times.shift()));
	ffmpeg.stdout.on("data", (chunk: Buffer) => reader.push(chunk));
	ffmpeg.on("error", (error) => end(error.message));
	ffmpeg.on("close", (code, signal) => {
		stopFeeding();
		const last = words.trim().split("\n").at(-1) ?? "";
		end(code === 0 ? "the source has ended" : `ffmpeg ended (${signal ?? code}) ${last}`.trim());
	});
	const stop = (): void => {
		stopFeeding();
		ffmpeg.kill("SIGKILL");
	};
	return { gone, stop };
}

/** Draws the test picture at its rate into ffmpeg's input; a picture is left out while the one before is not taken. */
function feed(ffmpeg: ChildProcess, settings: CaptureSettings, times: Taken[]): () => void {
	const { width, height, fps } = settings;
	const pattern = createPattern(width, height, fps, 1);
	const input = ffmpeg.stdin!;
	input.on("error", () => undefined);
	return pace(fps, (n) => {
		if (input.writableLength > 0 || !input.writable) return;
		const at = Date.now();
		pattern.draw(n, at);
		times.push({ n, at });
		input.write(pattern.frame);
	});
}

/** What ffmpeg on this machine can do. */
export interface FfmpegProbe {
	readonly version: string;
	/** The encoders that are there, in the order they are tried. */
	readonly encoders: readonly FfmpegEncoder[];
}

/** Asks ffmpeg what it has; undefined where it is not installed. */
export async function probeFfmpeg(): Promise<FfmpegProbe | undefined> {
	const text = await output(["-hide_banner", "-encoders"]);
	const first = (await output(["-version"]))?.split("\n")[0];
	if (text === undefined || first === undefined) return undefined;
	const listed = FFMPEG_ENCODERS.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
	const encoders = listed.filter((name) => name !== "h264_v4l2m2m" || existsSync(V4L2_ENCODER_DEVICE));
	return { version: first.replace(/ Copyright.*/, ""), encoders };
}

function output(args: readonly string[]): Promise<string | undefined> {
	return new Promise((resolve) => {
		execFile("ffmpeg", args, { timeout: PROBE_TIMEOUT_MS }, (error, stdout) => resolve(error ? undefined : stdout));
	});
}
