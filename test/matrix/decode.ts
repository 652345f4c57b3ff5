import assert from "node:assert/strict";
import { readTimeCode } from "../../src/media/timecode.ts";
import { type Program, run } from "../peers/rtsp-programs.ts";
import type { Picture } from "./media.ts";

/** Decoded pictures that each cell of the matrix looks at: more than one interval between key frames. */
const PICTURES = 40;
/** Decoded blocks of sound, about 20 ms each. */
const BLOCKS = 40;
/** What ffmpeg may look at before it begins: the sound of a transport stream must be in it. */
const ANALYSED_US = "1000000";
/** ffmpeg's reader of RTP gives its first two pictures the same time, also where nothing is between it and ffmpeg. */
const PRESSED_PICTURES = 2;
/** What is late of the sound when a reader joins is pressed together like the pictures. */
const PRESSED_BLOCKS = 10;
const PATIENCE_MS = 30_000;
/** Of so many last pictures the steps are looked at: no burst of a new reader is in them any more. */
const STEADY = 10;
/** How far the step between most of them may be off. */
const STEP_PART = 0.15;

/** Ticks per second of the pictures' times. */
const TICKS = 90_000;
/** A line of ffmpeg's `framecrc`, which stands for a picture, and the time at which it is shown. */
const pictureRow = /^0, +-?\d+, +(-?\d+), .* 0x/;
/** A line of its `framemd5`, which stands for a block of sound, likewise. */
const soundRow = /^0, +-?\d+, +(-?\d+), .* [0-9a-f]{32}$/;

/** ffmpeg's decoder at work on what it gets by `from`. */
export function decode(from: readonly string[], sound: boolean): Program {
	// Its own time base has no place for the timestamps of the burst that a new reader gets.
	const exact = ["-fps_mode", "passthrough", "-enc_time_base", `1:${TICKS}`, "-frames:v", `${PICTURES}`];
	const picture = ["-map", "0:v", ...exact, "-c:v", "rawvideo", "-pix_fmt", "gray"];
	const blocks = ["-map", "0:a", "-c:a", "pcm_s16le", "-frames:a", `${BLOCKS}`, "-f", "framemd5", "pipe:2"];
	const pictures = [...picture, "-f", "rawvideo", "pipe:1", ...picture, "-f", "framecrc", "pipe:2"];
	const outputs = sound ? [...pictures, ...blocks] : pictures;
	return run("ffmpeg", [
		"-nostdin",
		"-hide_banner",
		"-loglevel",
		"error",
		"-analyzeduration",
		ANALYSED_US,
		...from,
		...outputs,
	]);
}

/** ffmpeg takes ports for RTP by chance until one is free. */
const portTaken = /^\[udp @ \w+\] bind failed: Address already in use$/;

/** Waits for the decoder's end; rejects where a picture is not whole, in order or in time, or the sound is missing. */
export async function assertDecoded(decoder: Program, picture: Picture, sound: boolean): Promise<void> {
	const code = await decoder.exit(PATIENCE_MS);
	const lines = decoder.text().split("\n");
	const complaints = lines.filter(
		(line) => line !== "" && ![/^#/, pictureRow, soundRow, portTaken].some((known) => known.test(line)),
	);
	const fault = timeCodeFault(decoder.output(), picture);
	assert.deepEqual({ code, fault, complaints }, { code: 0, fault: undefined, complaints: [] });
	const times = timesOf(lines, pictureRow);
	assertRising(times, PICTURES, "pictures", PRESSED_PICTURES);
	const last = times.slice(-STEADY);
	const steps = last.flatMap((time, i) => (i > 0 ? [time - last[i - 1]!] : [])).sort((a, b) => a - b);
	const step = (steps[steps.length >> 1]! / TICKS) * picture.fps;
	assert.ok(Math.abs(step - 1) < STEP_PART, `most pictures are ${step} of a picture's time apart`);
	if (sound) assertRising(timesOf(lines, soundRow), BLOCKS, "blocks of sound", PRESSED_BLOCKS);
}

/** The times of the rows of a kind, in their own ticks. */
function timesOf(lines: readonly string[], kind: RegExp): number[] {
	return lines.flatMap((line) => kind.exec(line)?.slice(1).map(Number) ?? []);
}

function assertRising(times: readonly number[], count: number, what: string, pressed: number): void {
	assert.equal(times.length, count, what);
	const rising = times.every((time, i) => {
		const step = i === 0 ? 1 : time - times[i - 1]!;
		return step > 0 || (step === 0 && i < pressed);
	});
	assert.ok(rising, `${what} are shown at ${times}`);
}

/** Each picture shows the time of the one that follows the picture before it: says where one is missing or there twice. */
function timeCodeFault(luma: Buffer, { width, height, fps, loop }: Picture): string | undefined {
	const size = width * height;
	if (luma.length !== PICTURES * size) return `${luma.length / size} pictures`;
	const numbers = Array.from({ length: PICTURES }, (_, n) => {
		const time = readTimeCode(luma.subarray(n * size, (n + 1) * size), width, height);
		return time === undefined ? Number.NaN : Math.round((time * fps) / 1000);
	});
	const [first = 0] = numbers;
	const ordered = numbers.every((number, n) => number === (loop ? (first + n) % loop : first + n));
	return ordered ? undefined : `the pictures ${numbers}`;
}
