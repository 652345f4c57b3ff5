import type { VideoFormat } from "../media/h264.ts";

/** A picture and what a decoder must know before it. */
export interface StillPicture {
	readonly codec: "h264" | "h265";
	readonly format: VideoFormat;
	/** Parameter sets in decoding order: SPS, PPS, or VPS, SPS, PPS. */
	readonly sets: readonly Uint8Array[];
	/** The NAL units of the access unit, without start codes. */
	readonly units: readonly Uint8Array[];
}

const TIMESCALE = 1000;
const DURATION = 1000;

function u8(...values: number[]): Buffer {
	return Buffer.from(values);
}

function u16(...values: number[]): Buffer {
	const out = Buffer.alloc(values.length * 2);
	for (const [i, value] of values.entries()) out.writeUInt16BE(value, i * 2);
	return out;
}

function u32(...values: number[]): Buffer {
	const out = Buffer.alloc(values.length * 4);
	for (const [i, value] of values.entries()) out.writeUInt32BE(value, i * 4);
	return out;
}

/** ISO/IEC 14496-12 section 4.2: a size of 32 bits, a type of four characters, the content. */
function box(type: string, ...content: Uint8Array[]): Buffer {
	const body = Buffer.concat(content);
	return Buffer.concat([u32(body.length + 8), Buffer.from(type, "latin1"), body]);
}

/** A box with version 0 and flags. */
function full(type: string, flags: number, ...content: Uint8Array[]): Buffer {
	return box(type, u32(flags), ...content);
}

const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/**
 * One picture as an MP4 file that any browser shows: the relay has no decoder. A plain file, the sample after its
 * description (ISO/IEC 14496-12 and 14496-15).
 */
export function stillMp4(picture: StillPicture): Buffer {
	const { width, height } = picture.format;
	const sample = Buffer.concat(picture.units.flatMap((unit) => [u32(unit.length), unit]));
	const ftyp = box("ftyp", Buffer.from("isom"), u32(0x200), Buffer.from("isomiso2avc1mp41"));
	const build = (offset: number): Buffer =>
		box("moov", movieHeader(), box("trak", trackHeader(width, height), media(picture, sample.length, offset)));
	const offset = ftyp.length + build(0).length + 8;
	return Buffer.concat([ftyp, build(offset), box("mdat", sample)]);
}

function movieHeader(): Buffer {
	return full("mvhd", 0, u32(0, 0, TIMESCALE, DURATION, 0x10000), u16(0x100, 0), u32(0, 0), matrix, zeros(24), u32(2));
}

function trackHeader(width: number, height: number): Buffer {
	const size = u32(width * 0x10000, height * 0x10000);
	return full("tkhd", 3, u32(0, 0, 1, 0, DURATION), zeros(16), matrix, size);
}

function media(picture: StillPicture, size: number, offset: number): Buffer {
	const handler = full("hdlr", 0, u32(0), Buffer.from("vide"), zeros(12), Buffer.from("picture\0"));
	const data = box("dinf", full("dref", 0, u32(1), full("url ", 1)));
	const table = box(
		"stbl",
		full("stsd", 0, u32(1), sampleEntry(picture)),
		full("stts", 0, u32(1, 1, DURATION)),
		full("stsc", 0, u32(1, 1, 1, 1)),
		full("stsz", 0, u32(0, 1, size)),
		full("stco", 0, u32(1, offset)),
	);
	const information = box("minf", full("vmhd", 1, zeros(8)), data, table);
	return box("mdia", full("mdhd", 0, u32(0, 0, TIMESCALE, DURATION), u16(0x55c4, 0)), handler, information);
}

function sampleEntry({ codec, format, sets }: StillPicture): Buffer {
	const common = [zeros(6), u16(1), zeros(16), u16(format.width, format.height), u32(0x480000, 0x480000, 0), u16(1)];
	const end = [zeros(32), u16(0x18, 0xffff)];
	if (codec === "h264") return box("avc1", ...common, ...end, box("avcC", avcConfiguration(sets)));
	return box("hvc1", ...common, ...end, box("hvcC", hevcConfiguration(sets)));
}

/** ISO/IEC 14496-15 section 5.3.3.1.2. */
function avcConfiguration(sets: readonly Uint8Array[]): Buffer {
	const [sps, pps] = [sets[0]!, sets[1]!];
	const lengths = [u16(sps.length), u16(pps.length)];
	return Buffer.concat([u8(1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1), lengths[0]!, sps, u8(1), lengths[1]!, pps]);
}

/** ISO/IEC 14496-15 section 8.3.3.1.2; the profile is at a fixed place in the SPS (H.265 7.3.2.2.1). */
function hevcConfiguration(sets: readonly Uint8Array[]): Buffer {
	const profile = withoutEmulation(sets[1]!).subarray(3, 15);
	const arrays = sets.map((set) => {
		const type = (set[0]! >> 1) & 0x3f;
		return Buffer.concat([u8(0x80 | type), u16(1, set.length), set]);
	});
	const fixed = [u16(0xf000), u8(0xfc, 0xfd, 0xf8, 0xf8), u16(0), u8(0x0f, arrays.length)];
	return Buffer.concat([u8(1), profile, ...fixed, ...arrays]);
}

function withoutEmulation(unit: Uint8Array): Buffer {
	return Buffer.from(unit.filter((byte, i) => !(byte === 3 && i > 1 && unit[i - 1] === 0 && unit[i - 2] === 0)));
}

function zeros(length: number): Buffer {
	return Buffer.alloc(length);
}
