import { av1SequenceHeader, av1Unit, readObus } from "../media/av1.ts";
import { readMp3Head } from "../media/mp3.ts";
import type { Codec, Track } from "../media/track.ts";
import { readAacConfig, readAv1Config, readAvcConfig, readHevcConfig, readOpusHead } from "./flv-configs.ts";

/** What a decoder's configuration says of a track. */
export interface Description {
	/** Its payload type is set by whoever knows all tracks. */
	readonly track: Track;
	/** Bytes before each unit that tell its length; 0 where a frame is one block. */
	readonly lengthBytes: number;
	/** Parameter sets, or AV1's sequence header, which go before each key frame. */
	readonly sets: readonly Uint8Array[];
}

function base64(set: Uint8Array): string {
	return Buffer.from(set).toString("base64");
}

function picture(codec: "h264" | "h265" | "av1" | "vp9", encoding: string, fmtp: string): Track {
	return { kind: "video", codec, encoding, clockRate: 90_000, channels: 0, payloadType: 96, fmtp };
}

function sound(codec: Codec, encoding: string, clockRate: number, channels: number, fmtp: string): Track {
	return { kind: "audio", codec, encoding, clockRate, channels, payloadType: 97, fmtp };
}

/** RFC 6184 section 8.1. */
function h264(data: Buffer): Description | undefined {
	const config = readAvcConfig(data);
	const sps = config?.sets[0];
	if (!config || !sps) return undefined;
	const profile = Buffer.from(sps.subarray(1, 4)).toString("hex");
	const sets = config.sets.map(base64).join(",");
	const fmtp = `packetization-mode=1;profile-level-id=${profile};sprop-parameter-sets=${sets}`;
	return { ...config, track: picture("h264", "H264", fmtp) };
}

/** RFC 7798 section 7.1. */
function h265(data: Buffer): Description | undefined {
	const config = readHevcConfig(data);
	if (!config) return undefined;
	const sets = config.sets.filter((set) => set[0]! >> 1 >= 32 && set[0]! >> 1 <= 34);
	const names = ["vps", "sps", "pps"];
	const fmtp = names
		.map((name, i) => ({ name, sets: sets.filter((set) => set[0]! >> 1 === 32 + i) }))
		.filter((one) => one.sets.length > 0)
		.map((one) => `sprop-${one.name}=${one.sets.map(base64).join(",")}`);
	return { lengthBytes: config.lengthBytes, sets, track: picture("h265", "H265", fmtp.join(";")) };
}

/** RTP payload format for AV1, section 7.1: nothing needs to be told. */
function av1(data: Buffer): Description {
	const header = readAv1Config(data);
	return { lengthBytes: 0, sets: header ? [header] : [], track: picture("av1", "AV1", "") };
}

/** RFC 9628 section 6: nothing needs to be told. */
function vp9(): Description {
	return { lengthBytes: 0, sets: [], track: picture("vp9", "VP9", "") };
}

/** RFC 3640 section 4.1, mode AAC-hbr. */
function aac(data: Buffer): Description | undefined {
	const config = readAacConfig(data);
	if (!config) return undefined;
	const format = "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3";
	const fmtp = `${format};config=${data.toString("hex")}`;
	return { lengthBytes: 0, sets: [], track: sound("aac", "mpeg4-generic", config.sampleRate, config.channels, fmtp) };
}

/** RFC 7587 section 7: always 48 kHz and two channels in SDP. */
function opus(data: Buffer): Description {
	const channels = readOpusHead(data)?.channels ?? 2;
	return { lengthBytes: 0, sets: [], track: sound("opus", "opus", 48_000, 2, channels > 1 ? "sprop-stereo=1" : "") };
}

/** RFC 3551 section 4.5.13: its RTP clock is not that of the samples. */
function mp3(frame: Buffer): Description | undefined {
	if (!readMp3Head(frame)) return undefined;
	return { lengthBytes: 0, sets: [], track: sound("mp3", "MPA", 90_000, 0, "") };
}

/** The track that a configuration is for, or a frame of a codec without; undefined where that is broken. */
export function describe(codec: Codec, data: Buffer): Description | undefined {
	switch (codec) {
		case "h264":
			return h264(data);
		case "h265":
			return h265(data);
		case "av1":
			return av1(data);
		case "vp9":
			return vp9();
		case "aac":
			return aac(data);
		case "opus":
			return opus(data);
		case "mp3":
			return mp3(data);
		case "pcma":
		case "pcmu":
			return { lengthBytes: 0, sets: [], track: sound(codec, codec.toUpperCase(), 8000, 1, "") };
		default:
			return undefined;
	}
}

const DELIMITER_H264 = 9;
const DELIMITER_H265 = 35;

/** A temporal unit of AV1, a key frame with the sequence header before it. */
function av1Block(sets: readonly Uint8Array[], data: Buffer, key: boolean): Uint8Array[] | undefined {
	const unit = av1Unit(readObus(data));
	if (!unit) return undefined;
	return [key && !av1SequenceHeader(unit) ? Buffer.concat([...sets, unit]) : unit];
}

/**
 * The units of a picture, without delimiters, and with the parameter sets before each key frame. Undefined where the
 * lengths do not add up.
 */
export function splitUnits(description: Description, data: Buffer, key: boolean): Uint8Array[] | undefined {
	const { lengthBytes, sets, track } = description;
	if (track.codec === "av1") return av1Block(sets, data, key);
	if (lengthBytes === 0) return [data];
	const typeOf = (unit: Uint8Array): number => (track.codec === "h264" ? unit[0]! & 0x1f : (unit[0]! >> 1) & 0x3f);
	const [delimiter, firstSet, lastSet] = track.codec === "h264" ? [DELIMITER_H264, 7, 8] : [DELIMITER_H265, 32, 34];
	const units: Uint8Array[] = [];
	let hasSets = false;
	for (let at = 0; at < data.length; ) {
		if (at + lengthBytes > data.length) return undefined;
		const length = data.readUIntBE(at, lengthBytes);
		at += lengthBytes;
		if (length > data.length - at) return undefined;
		const unit = data.subarray(at, at + length);
		at += length;
		if (length === 0) continue;
		const type = typeOf(unit);
		if (type >= firstSet && type <= lastSet) hasSets = true;
		if (type !== delimiter) units.push(unit);
	}
	return key && !hasSets && units.length > 0 ? [...sets, ...units] : units;
}
