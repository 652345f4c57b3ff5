import { drawTimeCode, TIME_CODE_PART } from "../../media/timecode.ts";

const NEUTRAL = 128;
const BAR_WHITE = 235;
/** The noise patch is this part of the picture's width and height: enough that the bitrate is always used up. */
const NOISE_PART = 1 / 4;
const NOISE_BYTES = 1 << 18;
/** Seconds that the moving bar takes from left to right. */
const BAR_SECONDS = 4;

/** A live test picture in I420 that costs little to draw: one plane of memory, of which little changes per frame. */
export interface Pattern {
	/** The picture, planes Y, U, V one after the other. Drawn over by the next `draw`. */
	readonly frame: Uint8Array;
	/** Draws frame number `n` with its capture time. */
	draw(n: number, unixMs: number): void;
}

interface Plane {
	readonly offset: number;
	readonly width: number;
	readonly height: number;
	readonly stride: number;
}

/**
 * Makes the test picture: colour fields, a moving bar, a patch of noise, and the time code.
 *
 * @param align lines are padded to a multiple of this many bytes: 4 for GStreamer, 1 for ffmpeg's raw video.
 */
export function createPattern(width: number, height: number, fps: number, align: number): Pattern {
	const [luma, u, v] = planesOf(width, height, align);
	const frame = new Uint8Array(v.offset + v.stride * v.height);
	paintBackground(frame, luma, u, v);
	const background = frame.slice(0, luma.stride * height);
	const noise = noiseBytes();
	let bar = 0;
	let random = 1;
	return {
		frame,
		draw: (n, unixMs) => {
			drawBar(frame, background, luma, bar, false);
			bar = Math.floor(((n % (fps * BAR_SECONDS)) / (fps * BAR_SECONDS)) * width);
			drawBar(frame, background, luma, bar, true);
			random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
			drawNoise(frame, luma, noise, random);
			drawTimeCode(frame, width, height, luma.stride, unixMs);
		},
	};
}

function planesOf(width: number, height: number, align: number): readonly [Plane, Plane, Plane] {
	const padded = (bytes: number): number => Math.ceil(bytes / align) * align;
	const chroma = { width: width / 2, height: height / 2, stride: padded(width / 2) };
	const luma = { offset: 0, width, height, stride: padded(width) };
	const u = luma.stride * height;
	return [luma, { offset: u, ...chroma }, { offset: u + chroma.stride * chroma.height, ...chroma }];
}

function paintBackground(frame: Uint8Array, luma: Plane, u: Plane, v: Plane): void {
	for (let y = 0; y < luma.height; y++) {
		for (let x = 0; x < luma.width; x++) frame[y * luma.stride + x] = 40 + Math.round((150 * x) / luma.width);
	}
	for (let y = 0; y < u.height; y++) {
		const coloured = y >= u.height * TIME_CODE_PART;
		for (let x = 0; x < u.width; x++) {
			const field = Math.floor((x * 8) / u.width);
			frame[u.offset + y * u.stride + x] = coloured ? NEUTRAL + ((field * 53) % 97) - 48 : NEUTRAL;
			frame[v.offset + y * v.stride + x] = coloured ? NEUTRAL + ((field * 31) % 97) - 48 : NEUTRAL;
		}
	}
}

/** Draws the bar between the time code and the noise, or puts the background back. */
function drawBar(frame: Uint8Array, background: Uint8Array, luma: Plane, left: number, on: boolean): void {
	const right = Math.min(left + Math.ceil(luma.width / 32), luma.width);
	const bottom = Math.floor(luma.height * (1 - NOISE_PART));
	for (let y = Math.ceil(luma.height * TIME_CODE_PART); y < bottom; y++) {
		const at = y * luma.stride;
		if (on) frame.fill(BAR_WHITE, at + left, at + right);
		else frame.set(background.subarray(at + left, at + right), at + left);
	}
}

function drawNoise(frame: Uint8Array, luma: Plane, noise: Uint8Array, random: number): void {
	const width = Math.floor(luma.width * NOISE_PART);
	const top = Math.ceil(luma.height * (1 - NOISE_PART));
	let from = random % (noise.length - width);
	for (let y = top; y < luma.height; y++) {
		frame.set(noise.subarray(from, from + width), y * luma.stride + luma.width - width);
		from = (from + width * 7 + 13) % (noise.length - width);
	}
}

function noiseBytes(): Uint8Array {
	const noise = new Uint8Array(NOISE_BYTES);
	let state = 0x2545f491;
	for (let i = 0; i < noise.length; i++) {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		noise[i] = 64 + ((state >>> 8) & 127);
	}
	return noise;
}
