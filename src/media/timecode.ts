import { drawText, GLYPH_HEIGHT, textWidth } from "./timecode-digits.ts";

/**
 * The time code in the picture: two rows of 32 black and white blocks along the top edge, and below them the same time
 * as digits for people. All geometry is a fraction of the picture, so a scaled picture reads like the original.
 *
 * The 64 blocks, left to right and top to bottom: the pattern 1010, the time in Unix milliseconds (44 bits, the highest
 * first), a CRC-16 over the time (polynomial 0x1021, initial value 0xFFFF). White is 1.
 */
const COLUMNS = 32;
const ROWS = 2;
const MARK = [1, 0, 1, 0] as const;
const TIME_BITS = 44;
const CRC_BITS = 16;
/** Each row of blocks is this part of the picture's height. */
const ROW_PART = 1 / 20;
/** Of each block the middle is read, away from the blur between neighbours. */
const SAMPLED_PART = 0.4;
/** Luma steps between black and white below which there is nothing to read. */
const MIN_CONTRAST = 48;

const BLACK = 16;
const WHITE = 235;
const BITS = MARK.length + TIME_BITS + CRC_BITS;

/** The part of the picture's height, from the top, that the time code and its digits need. */
export const TIME_CODE_PART = 0.2;

/**
 * Draws a time into the luma plane of a picture (video range). The picture should be at least 128 × 80, its chroma
 * neutral in the topmost `TIME_CODE_PART`.
 *
 * @param stride bytes from one line to the next.
 * @param unixMs whole Unix milliseconds, 0 to 2^44 − 1.
 */
export function drawTimeCode(luma: Uint8Array, width: number, height: number, stride: number, unixMs: number): void {
	for (let i = 0; i < BITS; i++) drawBlock(luma, width, height, stride, i, bitAt(i, unixMs) ? WHITE : BLACK);
	const top = Math.round(height * ROW_PART * ROWS);
	const scale = Math.max(1, Math.floor((height * ROW_PART) / GLYPH_HEIGHT));
	const text = new Date(unixMs).toISOString().slice(11, 23);
	const pad = scale * 2;
	const boxHeight = Math.min(GLYPH_HEIGHT * scale + 2 * pad, height - top);
	const boxWidth = Math.min(textWidth(text, scale) + 2 * pad, width);
	for (let y = top; y < top + boxHeight; y++) luma.fill(BLACK, y * stride, y * stride + boxWidth);
	drawText(luma, stride, boxWidth, top + boxHeight, { text, x: pad, y: top + pad, scale, value: WHITE });
}

/** How the bytes of a picture lie: one byte of luma per pixel, or four bytes as a canvas has them. */
export type PixelLayout = "luma" | "rgba";

/**
 * Reads the time back from a picture that was encoded, decoded and scaled in any way, but not cropped or turned.
 *
 * @param stride bytes from one line to the next; by default the lines lie close.
 * @returns Unix milliseconds, or undefined where the picture carries no time code or its checksum fails.
 */
export function readTimeCode(
	pixels: Uint8Array | Uint8ClampedArray,
	width: number,
	height: number,
	layout: PixelLayout = "luma",
	stride: number = width * (layout === "rgba" ? 4 : 1),
): number | undefined {
	const levels = new Float64Array(BITS);
	for (let i = 0; i < BITS; i++) levels[i] = levelOf(pixels, width, height, layout, stride, i);
	const low = Math.min(...levels);
	const high = Math.max(...levels);
	if (!(high - low >= MIN_CONTRAST)) return undefined;
	const middle = (low + high) / 2;
	const bit = (i: number): number => (levels[i]! > middle ? 1 : 0);
	if (MARK.some((wanted, i) => bit(i) !== wanted)) return undefined;
	const unixMs = numberOf(bit, MARK.length, TIME_BITS);
	const crc = numberOf(bit, MARK.length + TIME_BITS, CRC_BITS);
	return crc === crcOf(unixMs) ? unixMs : undefined;
}

function bitAt(i: number, unixMs: number): number {
	if (i < MARK.length) return MARK[i]!;
	const at = i - MARK.length;
	if (at < TIME_BITS) return Math.floor(unixMs / 2 ** (TIME_BITS - 1 - at)) % 2;
	return (crcOf(unixMs) >> (CRC_BITS - 1 - (at - TIME_BITS))) & 1;
}

function numberOf(bit: (i: number) => number, from: number, count: number): number {
	let value = 0;
	for (let i = from; i < from + count; i++) value = value * 2 + bit(i);
	return value;
}

function crcOf(unixMs: number): number {
	let crc = 0xffff;
	for (let i = TIME_BITS - 1; i >= 0; i--) {
		const bit = Math.floor(unixMs / 2 ** i) % 2;
		const carry = ((crc >> 15) & 1) ^ bit;
		crc = ((crc << 1) & 0xffff) ^ (carry ? 0x1021 : 0);
	}
	return crc;
}

function drawBlock(luma: Uint8Array, width: number, height: number, stride: number, i: number, value: number): void {
	const column = i % COLUMNS;
	const row = Math.floor(i / COLUMNS);
	const left = Math.round((column * width) / COLUMNS);
	const right = Math.round(((column + 1) * width) / COLUMNS);
	const bottom = Math.round((row + 1) * height * ROW_PART);
	for (let y = Math.round(row * height * ROW_PART); y < bottom; y++) {
		luma.fill(value, y * stride + left, y * stride + right);
	}
}

/** The mean brightness of a block's middle, 0 to 255. Of RGBA the green byte is read: the blocks are grey. */
function levelOf(
	pixels: Uint8Array | Uint8ClampedArray,
	width: number,
	height: number,
	layout: PixelLayout,
	stride: number,
	i: number,
): number {
	const step = layout === "rgba" ? 4 : 1;
	const first = layout === "rgba" ? 1 : 0;
	const [left, right] = middleOf((i % COLUMNS) / COLUMNS, 1 / COLUMNS, width);
	const [top, bottom] = middleOf(Math.floor(i / COLUMNS) * ROW_PART, ROW_PART, height);
	let sum = 0;
	for (let y = top; y < bottom; y++) {
		for (let x = left; x < right; x++) sum += pixels[y * stride + x * step + first]!;
	}
	return sum / ((right - left) * (bottom - top));
}

/** The pixels in the middle of a block that starts at `start` of the whole, at least one. */
function middleOf(start: number, part: number, whole: number): readonly [from: number, to: number] {
	const middle = (start + part / 2) * whole;
	const reach = (part * whole * SAMPLED_PART) / 2;
	const from = Math.min(Math.floor(middle - reach), whole - 1);
	return [Math.max(from, 0), Math.max(from + 1, Math.floor(middle + reach))];
}
