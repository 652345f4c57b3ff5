import { BitReader } from "./bits.ts";
import { type Colour, possible, unspecifiedColour } from "./picture.ts";

/** OBU types (AV1 section 6.2.2). */
const SEQUENCE_HEADER = 1;
const TEMPORAL_DELIMITER = 2;
const TILE_LIST = 8;
const PADDING = 15;
/** Say nothing in MP4, and are taken out by RTP (av1-isobmff section 2.4, RTP payload format for AV1 section 5). */
const LEFT_OUT: readonly number[] = [TEMPORAL_DELIMITER, TILE_LIST, PADDING];

const HAS_EXTENSION = 4;
const HAS_SIZE = 2;

/** One unit of the bitstream (AV1 section 5.3). */
export interface Obu {
	readonly type: number;
	/** One or two bytes. */
	readonly header: Uint8Array;
	readonly payload: Uint8Array;
	/** Header, size where there is one, and payload. */
	readonly whole: Uint8Array;
}

/** The OBUs that stand in `bytes` one after the other; undefined where their sizes do not add up. */
export function readObus(bytes: Uint8Array): Obu[] | undefined {
	const obus: Obu[] = [];
	for (let at = 0; at < bytes.length; ) {
		const first = bytes[at]!;
		let from = at + (first & HAS_EXTENSION ? 2 : 1);
		const header = bytes.subarray(at, from);
		let end = bytes.length;
		if (first & HAS_SIZE) {
			const size = readLeb128(bytes, from);
			if (!size) return undefined;
			from = size.end;
			end = from + size.value;
		}
		if (from > end || end > bytes.length) return undefined;
		const whole = bytes.subarray(at, end);
		obus.push({ type: (first >> 3) & 15, header, payload: bytes.subarray(from, end), whole });
		at = end;
	}
	return obus;
}

/** A number of seven bits a byte, the lowest first (AV1 section 4.10.5), and where it ends; undefined where it is cut off. */
export function readLeb128(
	bytes: Uint8Array,
	at: number,
): { readonly value: number; readonly end: number } | undefined {
	let value = 0;
	for (let i = 0; i < 8; i++) {
		const byte = bytes[at + i];
		if (byte === undefined) return undefined;
		value += (byte & 0x7f) * 2 ** (7 * i);
		if (!(byte & 0x80)) return { value, end: at + i + 1 };
	}
	return undefined;
}

/** The bytes of such a number. */
export function writeLeb128(value: number): number[] {
	const bytes: number[] = [];
	let rest = value;
	for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
	return [...bytes, rest];
}

/**
 * A temporal unit as frames have it: each OBU tells its size, and delimiters, tile lists and padding are left out.
 * Undefined where nothing is left or sizes do not add up.
 */
export function av1Unit(obus: readonly Obu[] | undefined): Buffer | undefined {
	const kept = obus?.filter(({ type }) => !LEFT_OUT.includes(type)) ?? [];
	return kept.length > 0 ? Buffer.concat(kept.flatMap(withSize)) : undefined;
}

function withSize({ header, payload, whole }: Obu): Uint8Array[] {
	if (header[0]! & HAS_SIZE) return [whole];
	const head = Uint8Array.from(header);
	head[0]! |= HAS_SIZE;
	return [head, Uint8Array.from(writeLeb128(payload.length)), payload];
}

/** The sequence header among the OBUs of a temporal unit; undefined where there is none. */
export function av1SequenceHeader(unit: Uint8Array): Uint8Array | undefined {
	return readObus(unit)?.find(({ type }) => type === SEQUENCE_HEADER)?.whole;
}

/** What a sequence header says of the pictures. */
export interface Av1Format {
	/** The largest picture, in pixels. */
	readonly width: number;
	readonly height: number;
	/** 0 Main, 1 High, 2 Professional. */
	readonly profile: number;
	/** `seq_level_idx` of the first operating point: 0 is level 2.0, 31 none. */
	readonly level: number;
	readonly highTier: boolean;
	/** 8, 10 or 12. */
	readonly bitDepth: number;
	readonly monochrome: boolean;
	/** Colours have half as many columns, rows. */
	readonly subsampling: readonly [x: boolean, y: boolean];
	/** `chroma_sample_position`; 0 where it is not known. */
	readonly samplePosition: number;
	readonly colour: Colour;
}

/** Reads a sequence header with its OBU header (AV1 section 5.5). Undefined where it is broken. */
export function parseAv1Sequence(obu: Uint8Array): Av1Format | undefined {
	const [first] = readObus(obu) ?? [];
	if (first?.type !== SEQUENCE_HEADER) return undefined;
	try {
		return possible(readSequence(new BitReader(first.payload, 0, "plain")));
	} catch {
		return undefined;
	}
}

const HIGHEST_PROFILE = 2;

function readSequence(reader: BitReader): Av1Format {
	const profile = reader.bits(3);
	if (profile > HIGHEST_PROFILE) throw new RangeError(`profile ${profile}, at most ${HIGHEST_PROFILE} is known`);
	reader.skip(1);
	const reduced = reader.flag();
	const { level, highTier } = reduced ? { level: reader.bits(5), highTier: false } : readOperatingPoints(reader);
	const [widthBits, heightBits] = [reader.bits(4) + 1, reader.bits(4) + 1];
	const [width, height] = [reader.bits(widthBits) + 1, reader.bits(heightBits) + 1];
	if (!reduced && reader.flag()) reader.skip(4 + 3);
	reader.skip(3);
	if (!reduced) skipTools(reader);
	reader.skip(3);
	return { width, height, profile, level, highTier, ...readColour(reader, profile) };
}

/** Timing and operating points (sections 5.5.1, 5.5.3 to 5.5.5): level and tier of the first. */
function readOperatingPoints(reader: BitReader): { readonly level: number; readonly highTier: boolean } {
	let delayBits = 0;
	if (reader.flag()) {
		reader.skip(64);
		if (reader.flag()) reader.ue();
		if (reader.flag()) {
			delayBits = reader.bits(5) + 1;
			reader.skip(32 + 5 + 5);
		}
	}
	const hasDelays = reader.flag();
	const count = reader.bits(5) + 1;
	let found: { readonly level: number; readonly highTier: boolean } | undefined;
	for (let i = 0; i < count; i++) {
		reader.skip(12);
		const level = reader.bits(5);
		const highTier = level > 7 && reader.flag();
		if (delayBits > 0 && reader.flag()) reader.skip(2 * delayBits + 1);
		if (hasDelays && reader.flag()) reader.skip(4);
		found ??= { level, highTier };
	}
	return found!;
}

/** From `enable_interintra_compound` to `order_hint_bits_minus_1`. */
function skipTools(reader: BitReader): void {
	reader.skip(4);
	const hasOrder = reader.flag();
	if (hasOrder) reader.skip(2);
	const screenContent = reader.flag() || reader.flag();
	if (screenContent && !reader.flag()) reader.skip(1);
	if (hasOrder) reader.skip(3);
}

/** Primaries, transfer and matrix of sRGB, which is never subsampled. */
const SRGB: readonly number[] = [1, 13, 0];

/** Section 5.5.2. */
function readColour(reader: BitReader, profile: number) {
	const isHigh = reader.flag();
	const bitDepth = isHigh ? (profile === 2 && reader.flag() ? 12 : 10) : 8;
	const monochrome = profile !== 1 && reader.flag();
	const codes = reader.flag() ? [reader.bits(8), reader.bits(8), reader.bits(8)] : undefined;
	const [primaries, transfer, matrix] = (codes ?? unspecifiedColour.codes) as [number, number, number];
	const isRgb = !monochrome && SRGB.every((code, i) => codes?.[i] === code);
	const fullRange = isRgb || reader.flag();
	const subsampling = monochrome ? HALVED : isRgb ? WHOLE : readSubsampling(reader, profile, bitDepth);
	const samplePosition = !monochrome && subsampling.every(Boolean) ? reader.bits(2) : 0;
	const colour: Colour = { codes: [primaries, transfer, matrix], fullRange };
	return { bitDepth, monochrome, subsampling, samplePosition, colour };
}

const HALVED = [true, true] as const;
const WHOLE = [false, false] as const;

function readSubsampling(reader: BitReader, profile: number, bitDepth: number): readonly [boolean, boolean] {
	if (profile === 0) return HALVED;
	if (profile === 1) return WHOLE;
	if (bitDepth < 12) return [true, false];
	return reader.flag() ? [true, reader.flag()] : WHOLE;
}
