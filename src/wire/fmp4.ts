import { readAacConfig } from "./flv-configs.ts";
import { box, full, media, movieHeader, pictureEntry, trackHeader, u8, u16, u32, zeros } from "./mp4-boxes.ts";
import type { PictureConfig } from "./picture-config.ts";

/** Opus in MP4 (opus-in-isobmff section 4.3.2): nothing is cut off, because a live stream has no beginning. */
interface OpusConfig {
	readonly codec: "opus";
	readonly channels: number;
}

interface AacTrackConfig {
	readonly codec: "aac";
	/** AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1). */
	readonly config: Uint8Array;
}

/** One track of a fragmented MP4. */
export interface Fmp4Track {
	/** From 1. */
	readonly id: number;
	/** Ticks a second of all times of this track. */
	readonly timescale: number;
	readonly config: PictureConfig | OpusConfig | AacTrackConfig;
}

/** The initialisation segment: `ftyp` and `moov` (ISO/IEC 14496-12 section 8.8). */
export function initSegment(tracks: readonly Fmp4Track[]): Buffer {
	const ftyp = box("ftyp", Buffer.from("iso6"), u32(0), Buffer.from("iso6isommp41"));
	const extended = tracks.map(({ id }) => full("trex", 0, u32(id, 1, 0, 0, 0)));
	const next = Math.max(0, ...tracks.map(({ id }) => id)) + 1;
	return Buffer.concat([ftyp, box("moov", movieHeader(0, next), ...tracks.map(describe), box("mvex", ...extended))]);
}

function describe({ id, timescale, config }: Fmp4Track): Buffer {
	const format = "format" in config ? config.format : undefined;
	const { width, height } = format ?? { width: 0, height: 0 };
	const empty = [full("stts", 0, u32(0)), full("stsc", 0, u32(0)), full("stsz", 0, u32(0, 0)), full("stco", 0, u32(0))];
	const table = box("stbl", full("stsd", 0, u32(1), sampleEntry(config)), ...empty);
	return box("trak", trackHeader(id, 0, width, height), media(format ? "video" : "audio", timescale, 0, table));
}

function sampleEntry(config: Fmp4Track["config"]): Buffer {
	switch (config.codec) {
		case "opus":
			return box("Opus", soundEntry(config.channels, 48_000), box("dOps", opusSpecific(config.channels)));
		case "aac": {
			const { channels, sampleRate } = readAacConfig(config.config) ?? { channels: 2, sampleRate: 48_000 };
			return box("mp4a", soundEntry(channels, sampleRate), full("esds", 0, elementaryStream(config.config)));
		}
		default:
			return pictureEntry(config);
	}
}

/** AudioSampleEntry (ISO/IEC 14496-12 section 12.2.3). */
function soundEntry(channels: number, sampleRate: number): Buffer {
	// The field has 16 bits for the rate; decoders read it from the codec's own description.
	const rate = sampleRate < 0x10000 ? sampleRate * 0x10000 : 0;
	return Buffer.concat([zeros(6), u16(1), zeros(8), u16(channels, 16, 0, 0), u32(rate)]);
}

function opusSpecific(channels: number): Buffer {
	return Buffer.concat([u8(0, channels), u16(0), u32(48_000), u16(0), u8(0)]);
}

/** ES_Descriptor (ISO/IEC 14496-1 section 7.2.6.5) of AAC. */
function elementaryStream(config: Uint8Array): Buffer {
	const specific = descriptor(5, config);
	const decoder = descriptor(4, u8(0x40, 0x15, 0, 0, 0), u32(0, 0), specific);
	return descriptor(3, u16(0), u8(0), decoder, descriptor(6, u8(2)));
}

/** Short enough that one byte tells the length. */
function descriptor(tag: number, ...content: Uint8Array[]): Buffer {
	const body = Buffer.concat(content);
	return Buffer.concat([u8(tag, body.length), body]);
}

/** A sample's place in time, in ticks of its track. */
export interface SampleTimes {
	readonly dts: number;
	readonly pts: number;
	readonly duration: number;
}

/** `default-base-is-moof`: data are counted from the fragment's own first byte. */
const BASE_IS_MOOF = 0x020000;
/** Version 1 (signed offsets); the data's place, and of each sample duration, size, flags and offset. */
const TRUN_FLAGS = 0x01000f01;
/** ISO/IEC 14496-12 section 8.8.3.1: depends on no other sample; on others, and is no sync sample. */
const SYNC_SAMPLE = 0x02000000;
const OTHER_SAMPLE = 0x01010000;

/** What stands before the frame, with zeros where `fragment` stores what differs. */
const head = Buffer.concat([
	box(
		"moof",
		full("mfhd", 0, u32(0)),
		box(
			"traf",
			full("tfhd", BASE_IS_MOOF, u32(0)),
			full("tfdt", 0x01000000, u32(0, 0)),
			full("trun", TRUN_FLAGS, u32(1, 0, 0, 0, 0, 0)),
		),
	),
	box("mdat"),
]);
const AT_SEQUENCE = 20;
const AT_TRACK = 44;
const AT_DECODED = 60;
const AT_DATA = 84;
const AT_DURATION = 88;
const AT_SIZE = 92;
const AT_FLAGS = 96;
const AT_OFFSET = 100;
const AT_MDAT = 104;

/**
 * One frame as a movie fragment, `moof` and `mdat` (ISO/IEC 14496-12 section 8.8). `sequence` counts the fragments from
 * 1. With `lengths` each unit is preceded by its length in 32 bits, as H.264 and H.265 want it.
 */
export function fragment(
	sequence: number,
	track: number,
	times: SampleTimes,
	key: boolean,
	units: readonly Uint8Array[],
	lengths: boolean,
): Buffer {
	let size = 0;
	for (const unit of units) size += unit.length + (lengths ? 4 : 0);
	const out = Buffer.allocUnsafe(head.length + size);
	out.set(head);
	out.writeUInt32BE(sequence >>> 0, AT_SEQUENCE);
	out.writeUInt32BE(track, AT_TRACK);
	out.writeUInt32BE(Math.floor(times.dts / 2 ** 32), AT_DECODED);
	out.writeUInt32BE(times.dts >>> 0, AT_DECODED + 4);
	out.writeUInt32BE(head.length, AT_DATA);
	out.writeUInt32BE(times.duration, AT_DURATION);
	out.writeUInt32BE(size, AT_SIZE);
	out.writeUInt32BE(key ? SYNC_SAMPLE : OTHER_SAMPLE, AT_FLAGS);
	out.writeInt32BE(times.pts - times.dts, AT_OFFSET);
	out.writeUInt32BE(size + 8, AT_MDAT);
	let at = head.length;
	for (const unit of units) {
		if (lengths) at = out.writeUInt32BE(unit.length, at);
		out.set(unit, at);
		at += unit.length;
	}
	return out;
}
