import { type Av1Format, av1SequenceHeader } from "../media/av1.ts";
import { BitReader } from "../media/bits.ts";
import { h265Type } from "../media/h265.ts";
import type { Vp9Format } from "../media/vp9.ts";

/*
 * What decoders must know first, as MP4, FLV and RTMP carry it. Pure. Readers give undefined for what is broken.
 */

/** The parameter sets of H.264 or H.265, and how many bytes tell the length of a unit. */
export interface UnitConfig {
	readonly lengthBytes: number;
	readonly sets: readonly Uint8Array[];
}

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1). */
export function readAvcConfig(bytes: Buffer): UnitConfig | undefined {
	if (bytes.length < 7 || bytes[0] !== 1) return undefined;
	const sets: Uint8Array[] = [];
	let at = 5;
	for (const mask of [0x1f, 0xff]) {
		const count = (bytes[at++] ?? 0) & mask;
		for (let i = 0; i < count; i++) {
			const length = at + 2 <= bytes.length ? bytes.readUInt16BE(at) : -1;
			if (length < 1 || at + 2 + length > bytes.length) return undefined;
			sets.push(bytes.subarray(at + 2, at + 2 + length));
			at += 2 + length;
		}
	}
	return { lengthBytes: (bytes[4]! & 3) + 1, sets };
}

/** `sets` are SPS and PPS, the SPS first. */
export function writeAvcConfig(sets: readonly Uint8Array[]): Buffer {
	const ofType = (type: number) => sets.filter((set) => (set[0]! & 0x1f) === type);
	const [sps, pps] = [ofType(7), ofType(8)];
	const first = sps[0]!;
	const list = (units: readonly Uint8Array[]) => units.flatMap((unit) => [u16(unit.length), unit]);
	const head = Buffer.of(1, first[1]!, first[2]!, first[3]!, 0xff, 0xe0 | sps.length);
	return Buffer.concat([head, ...list(sps), Buffer.of(pps.length), ...list(pps)]);
}

const HEVC_HEAD_BYTES = 22;

/** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 8.3.3.1). */
export function readHevcConfig(bytes: Buffer): UnitConfig | undefined {
	if (bytes.length <= HEVC_HEAD_BYTES || bytes[0] !== 1) return undefined;
	const sets: Uint8Array[] = [];
	let at = HEVC_HEAD_BYTES + 1;
	for (let array = 0; array < bytes[HEVC_HEAD_BYTES]!; array++) {
		if (at + 3 > bytes.length) return undefined;
		const count = bytes.readUInt16BE(at + 1);
		at += 3;
		for (let i = 0; i < count; i++) {
			const length = at + 2 <= bytes.length ? bytes.readUInt16BE(at) : -1;
			if (length < 2 || at + 2 + length > bytes.length) return undefined;
			sets.push(bytes.subarray(at + 2, at + 2 + length));
			at += 2 + length;
		}
	}
	return { lengthBytes: (bytes[21]! & 3) + 1, sets };
}

/** `sets` are VPS, SPS and PPS. The profile is at a fixed place in the SPS (H.265 7.3.2.2.1). */
export function writeHevcConfig(sets: readonly Uint8Array[]): Buffer {
	const types = [32, 33, 34];
	const sps = sets.find((set) => h265Type(set[0]!) === 33)!;
	const profile = withoutEmulation(sps.subarray(0, HEVC_HEAD_BYTES)).subarray(3, 15);
	const arrays = types.flatMap((type) => {
		const units = sets.filter((set) => h265Type(set[0]!) === type);
		return [Buffer.of(0x80 | type), u16(units.length), ...units.flatMap((unit) => [u16(unit.length), unit])];
	});
	const fixed = [u16(0xf000), Buffer.of(0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, types.length)];
	return Buffer.concat([Buffer.of(1), profile, ...fixed, ...arrays]);
}

/** What AudioSpecificConfig says (ISO/IEC 14496-3 section 1.6.2.1). */
export interface AacConfig {
	/** Hz. */
	readonly sampleRate: number;
	readonly channels: number;
}

const sampleRates = [
	96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];
const ESCAPE = 31;
const OWN_RATE = 15;
const EIGHT_CHANNELS = 7;

export function readAacConfig(bytes: Uint8Array): AacConfig | undefined {
	try {
		const reader = new BitReader(bytes);
		if (reader.bits(5) === ESCAPE) reader.skip(6);
		const index = reader.bits(4);
		const sampleRate = index === OWN_RATE ? reader.bits(24) : sampleRates[index];
		const layout = reader.bits(4);
		if (!sampleRate || layout > EIGHT_CHANNELS) return undefined;
		return { sampleRate, channels: layout === EIGHT_CHANNELS ? 8 : layout || 2 };
	} catch {
		return undefined;
	}
}

/** OpusHead (RFC 7845 section 5.1): its channels. */
export function readOpusHead(bytes: Buffer): { readonly channels: number } | undefined {
	if (bytes.length < 10 || bytes.toString("latin1", 0, 8) !== "OpusHead") return undefined;
	return { channels: bytes[9]! };
}

export function writeOpusHead(channels: number): Buffer {
	const out = Buffer.alloc(19);
	out.write("OpusHead", "latin1");
	out[8] = 1;
	out[9] = channels;
	// 80 ms of pre-skip, as section 5.1 recommends.
	out.writeUInt16LE(3840, 10);
	out.writeUInt32LE(48_000, 12);
	return out;
}

/** AV1CodecConfigurationRecord (av1-isobmff section 2.3) for a sequence header. */
export function writeAv1Config(format: Av1Format, header: Uint8Array): Buffer {
	const { profile, level, highTier, bitDepth, monochrome, samplePosition } = format;
	const [x, y] = format.subsampling;
	const coding = bits(highTier, bitDepth > 8, bitDepth === 12, monochrome, x, y) << 2;
	return Buffer.concat([Buffer.of(0x81, (profile << 5) | level, coding | samplePosition, 0), header]);
}

/** The sequence header in an AV1CodecConfigurationRecord; undefined where it has none. */
export function readAv1Config(bytes: Buffer): Uint8Array | undefined {
	return bytes[0] === 0x81 ? av1SequenceHeader(bytes.subarray(4)) : undefined;
}

/** VPCodecConfigurationRecord ("VP Codec ISO Media File Format Binding", section 2.3.2) of VP9. */
export function writeVp9Config(format: Vp9Format): Buffer {
	const { profile, level, bitDepth, colour } = format;
	const coding = (bitDepth << 4) | (vp9Chroma(format) << 1) | bits(colour.fullRange);
	return Buffer.of(profile, level, coding, ...colour.codes, 0, 0);
}

/** Its `chromaSubsampling`: 4:2:0 with colours where the first of four pixels is, 4:2:2, 4:4:4; 4:4:0 has no number. */
export function vp9Chroma({ subsampling: [x, y] }: Vp9Format): number {
	return x ? (y ? 1 : 2) : 3;
}

function bits(...flags: readonly boolean[]): number {
	return flags.reduce((sum, flag) => sum * 2 + (flag ? 1 : 0), 0);
}

function withoutEmulation(unit: Uint8Array): Buffer {
	return Buffer.from(unit.filter((byte, i) => !(byte === 3 && i > 1 && unit[i - 1] === 0 && unit[i - 2] === 0)));
}

function u16(value: number): Buffer {
	return Buffer.of(value >> 8, value & 0xff);
}
