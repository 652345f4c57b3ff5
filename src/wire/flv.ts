import type { Codec } from "../media/track.ts";

/**
 * The bodies of FLV's audio and video tags, which are RTMP's messages: legacy (Adobe FLV 10.1 annexes E.4.2 and E.4.3)
 * and Enhanced RTMP (veovera.org, enhanced-rtmp-v2). Pure.
 */

/** What the body of a tag holds. `data` is a view. */
export type FlvTag =
	/** What a decoder must know first: avcC, hvcC, av1C, AudioSpecificConfig, OpusHead; empty for G.711. */
	| { readonly kind: "config"; readonly codec: Codec; readonly data: Buffer }
	/** One access unit. `composition` is the presentation time after the tag's own, in milliseconds. */
	| {
			readonly kind: "frame";
			readonly codec: Codec;
			readonly key: boolean;
			readonly composition: number;
			readonly data: Buffer;
	  }
	/** The encoder ends, or begins anew. */
	| { readonly kind: "end" }
	/** Of no use to us: metadata, codecs that are not known. */
	| { readonly kind: "other"; readonly what: string };

const KEY_FRAME = 1;
const INTER_FRAME = 2;

const CONFIG = 0;
const CODED = 1;
const END = 2;
/** Coded, with a composition time of 0. */
const CODED_X = 3;
const VIDEO_TRACKS = 6;
const AUDIO_TRACKS = 5;
const MOD_EX = 7;

/** Codec numbers of legacy tags. 12 is what encoders sent for H.265 before there was Enhanced RTMP. */
const videoIds: Readonly<Record<number, Codec>> = { 7: "h264", 12: "h265" };
const AAC = 10;
const ENHANCED_AUDIO = 9;
/** Codecs that need no configuration. 14 is MP3 at 8 kHz. */
const plainIds: Readonly<Record<number, Codec>> = { 2: "mp3", 7: "pcma", 8: "pcmu", 14: "mp3" };

const fourCcs: Readonly<Record<string, Codec>> = {
	avc1: "h264",
	hvc1: "h265",
	av01: "av1",
	Opus: "opus",
	mp4a: "aac",
	".mp3": "mp3",
};

/** The four characters by which Enhanced RTMP names a codec; undefined for one that it does not carry. */
export function fourCcOf(codec: Codec): string | undefined {
	return Object.entries(fourCcs).find(([, one]) => one === codec)?.[0];
}

/** All codecs that are understood, by their four characters. */
export const knownFourCcs: readonly string[] = Object.keys(fourCcs);

function other(what: string): FlvTag {
	return { kind: "other", what };
}

function signed24(bytes: Buffer, at: number): number {
	return bytes.readIntBE(at, 3);
}

/** Reads a video tag's body. */
export function readVideoTag(body: Buffer): FlvTag {
	const first = body[0];
	if (first === undefined) return other("nothing");
	if (first & 0x80) return readEnhancedVideo(body, first);
	const codec = videoIds[first & 0x0f];
	if (!codec) return other(`video codec ${first & 0x0f}`);
	if (body.length < 5) return other("nothing");
	const data = body.subarray(5);
	if (body[1] === CONFIG) return { kind: "config", codec, data };
	if (body[1] !== CODED) return body[1] === END ? { kind: "end" } : other(`video packet of type ${body[1]}`);
	return { kind: "frame", codec, key: first >> 4 === KEY_FRAME, composition: signed24(body, 2), data };
}

function readEnhancedVideo(body: Buffer, first: number): FlvTag {
	const key = ((first >> 4) & 7) === KEY_FRAME;
	const { type, at } = skipModifiers(body, first & 0x0f);
	if (at < 0 || at + 4 > body.length) return other("nothing");
	if (type === VIDEO_TRACKS) return other("several video tracks");
	const name = body.toString("latin1", at, at + 4);
	const codec = fourCcs[name];
	if (!codec) return other(`video codec "${name}"`);
	const from = at + 4;
	if (type === CONFIG) return { kind: "config", codec, data: body.subarray(from) };
	const timed = type === CODED && (codec === "h264" || codec === "h265");
	if (timed && from + 3 > body.length) return other("nothing");
	if (type === END) return { kind: "end" };
	if (type !== CODED && type !== CODED_X) return other(`video packet of type ${type}`);
	const composition = timed ? signed24(body, from) : 0;
	return { kind: "frame", codec, key, composition, data: body.subarray(timed ? from + 3 : from) };
}

/** Reads an audio tag's body. */
export function readAudioTag(body: Buffer): FlvTag {
	const first = body[0];
	if (first === undefined) return other("nothing");
	const id = first >> 4;
	if (id === ENHANCED_AUDIO) return readEnhancedAudio(body, first);
	const plain = plainIds[id];
	if (plain) return { kind: "frame", codec: plain, key: true, composition: 0, data: body.subarray(1) };
	if (id !== AAC) return other(`audio codec ${id}`);
	const data = body.subarray(2);
	if (body[1] === CONFIG) return { kind: "config", codec: "aac", data };
	return { kind: "frame", codec: "aac", key: true, composition: 0, data };
}

function readEnhancedAudio(body: Buffer, first: number): FlvTag {
	const { type, at } = skipModifiers(body, first & 0x0f);
	if (at < 0 || at + 4 > body.length) return other("nothing");
	if (type === AUDIO_TRACKS) return other("several audio tracks");
	const name = body.toString("latin1", at, at + 4);
	const codec = fourCcs[name];
	if (!codec) return other(`audio codec "${name}"`);
	const data = body.subarray(at + 4);
	if (type === CONFIG) return { kind: "config", codec, data };
	if (type === END) return { kind: "end" };
	if (type !== CODED) return other(`audio packet of type ${type}`);
	return { kind: "frame", codec, key: true, composition: 0, data };
}

/** Modifiers before the real packet type (enhanced-rtmp-v2, "ModEx"): a size, so many bytes, the next type. */
function skipModifiers(body: Buffer, first: number): { readonly type: number; readonly at: number } {
	let type = first;
	let at = 1;
	while (type === MOD_EX) {
		if (at >= body.length) return { type, at: -1 };
		let size = body[at]! + 1;
		at += 1;
		if (size === 256) {
			if (at + 2 > body.length) return { type, at: -1 };
			size = body.readUInt16BE(at) + 1;
			at += 2;
		}
		at += size;
		if (at >= body.length) return { type, at: -1 };
		type = body[at]! & 0x0f;
		at += 1;
	}
	return { type, at };
}

/** The codecs that legacy tags carry, for whoever announced no four characters. */
export function isLegacy(codec: Codec): boolean {
	return codec === "h264" || codec === "aac" || isPlain(codec);
}

/** The codecs that are told by their frames alone, without a configuration. */
export function isPlain(codec: Codec): boolean {
	return codec === "mp3" || codec === "pcmu" || codec === "pcma";
}

/**
 * What stands before the data in a tag's body: a decoder's configuration where `key` is "config", else an access unit.
 * H.264, AAC, MP3 and G.711 as legacy tags, the others as Enhanced RTMP.
 *
 * @param composition presentation time after the tag's own, in milliseconds.
 */
export function tagHead(codec: Codec, key: boolean | "config", composition: number): Buffer {
	const config = key === "config";
	const type = config ? CONFIG : CODED;
	const frame = (key === false ? INTER_FRAME : KEY_FRAME) << 4;
	switch (codec) {
		case "h264":
			return timed(Buffer.of(frame | 7, type), composition);
		case "h265": {
			const head = Buffer.concat([Buffer.of(0x80 | frame | type), Buffer.from("hvc1")]);
			return config ? head : timed(head, composition);
		}
		case "aac":
			return Buffer.of((AAC << 4) | 0x0f, type);
		case "opus":
			return Buffer.concat([Buffer.of((ENHANCED_AUDIO << 4) | type), Buffer.from("Opus")]);
		case "mp3":
			return Buffer.of(0x2f);
		case "pcma":
			return Buffer.of(0x72);
		case "pcmu":
			return Buffer.of(0x82);
		default:
			return Buffer.concat([Buffer.of(0x80 | frame | type), Buffer.from(fourCcOf(codec) ?? "av01")]);
	}
}

function timed(head: Buffer, composition: number): Buffer {
	const time = Buffer.alloc(3);
	time.writeIntBE(Math.max(-0x80_0000, Math.min(0x7f_ffff, composition)), 0, 3);
	return Buffer.concat([head, time]);
}
