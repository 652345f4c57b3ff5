import { BitReader } from "./bits.ts";
import { type Colour, possible } from "./picture.ts";

/** What a key frame says of the pictures that begin with it. */
export interface Vp9Format {
	/** Pixels. */
	readonly width: number;
	readonly height: number;
	readonly profile: number;
	/** Ten times the level: 31 is level 3.1. */
	readonly level: number;
	/** 8, 10 or 12. */
	readonly bitDepth: number;
	/** Colours have half as many columns, rows. */
	readonly subsampling: readonly [x: boolean, y: boolean];
	readonly colour: Colour;
}

/** Two bits that each frame begins with, and what a key frame's fixed head is followed by (VP9 sections 6.2 and 7.2). */
const FRAME_MARKER = 2;
const SYNC_CODE = 0x498342;

/** Whether a frame is one at which decoding can start: its uncompressed header begins at `at` (VP9 section 6.2). */
export function isVp9Key(bytes: Uint8Array, at: number): boolean {
	const first = bytes[at] ?? 0;
	const isLongProfile = (first & 0x30) === 0x30;
	const rest = isLongProfile ? first << 1 : first;
	// Not one that was decoded before and is shown again, and a key frame.
	return first >> 6 === FRAME_MARKER && (rest & 0x0c) === 0;
}

/** Reads a key frame's uncompressed header (VP9 section 6.2). Undefined for any other frame, and where it is broken. */
export function parseVp9KeyFrame(frame: Uint8Array): Vp9Format | undefined {
	if (!isVp9Key(frame, 0)) return undefined;
	try {
		return possible(readHeader(new BitReader(frame, 0, "plain")));
	} catch {
		return undefined;
	}
}

function readHeader(reader: BitReader): Vp9Format {
	reader.skip(2);
	const profile = reader.bits(1) + 2 * reader.bits(1);
	// Profile 3 has a reserved bit; then what isVp9Key looks at, show_frame and error_resilient_mode.
	reader.skip((profile === 3 ? 1 : 0) + 4);
	if (reader.bits(24) !== SYNC_CODE) throw new RangeError("a key frame without its sync code");
	const coding = readColour(reader, profile);
	const [width, height] = [reader.bits(16) + 1, reader.bits(16) + 1];
	return { width, height, profile, level: levelOf(width, height), ...coding };
}

const RGB = 7;
/** Primaries, transfer and matrix by `color_space` (section 7.2.2). */
const colours: readonly (readonly [number, number, number])[] = [
	[2, 2, 2],
	[6, 6, 6],
	[1, 1, 1],
	[6, 6, 6],
	[7, 7, 7],
	[9, 2, 9],
	[2, 2, 2],
	[1, 13, 0],
];

/** Section 6.2.2. */
function readColour(reader: BitReader, profile: number) {
	const bitDepth = profile < 2 ? 8 : reader.flag() ? 12 : 10;
	const space = reader.bits(3);
	const isOdd = (profile & 1) === 1;
	if (space === RGB && !isOdd) throw new RangeError("RGB in a profile without it");
	const fullRange = space === RGB || reader.flag();
	const subsampling: readonly [boolean, boolean] =
		space === RGB ? [false, false] : isOdd ? [reader.flag(), reader.flag()] : [true, true];
	if (isOdd) reader.skip(1);
	return { bitDepth, subsampling, colour: { codes: colours[space]!, fullRange } };
}

/** Most pixels of a picture and most pixels a second, by ten times the level (webmproject.org/vp9/levels). */
const levels: readonly (readonly [level: number, pixels: number, rate: number])[] = [
	[10, 36_864, 829_440],
	[11, 73_728, 2_764_800],
	[20, 122_880, 4_608_000],
	[21, 245_760, 9_216_000],
	[30, 552_960, 20_736_000],
	[31, 983_040, 36_864_000],
	[40, 2_228_224, 83_558_400],
	[41, 2_228_224, 160_432_128],
	[50, 8_912_896, 311_951_360],
	[51, 8_912_896, 588_251_136],
	[52, 8_912_896, 1_176_502_272],
	[60, 35_651_584, 1_176_502_272],
	[61, 35_651_584, 2_353_004_544],
];
const HIGHEST_LEVEL = 62;
/** The stream does not tell its level, nor how many pictures a second there are. */
const RATE = 30;

function levelOf(width: number, height: number): number {
	const pixels = width * height;
	return levels.find(([, most, rate]) => pixels <= most && pixels * RATE <= rate)?.[0] ?? HIGHEST_LEVEL;
}
