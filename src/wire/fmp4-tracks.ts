import type { Codec } from "../media/track.ts";
import { type Description, describe } from "./decoder-config.ts";
import { type Box, boxAt, boxes, Fields } from "./fmp4-boxes.ts";

/*
 * The tracks of a fragmented MP4, read from its initialisation segment (ISO/IEC 14496-12 section 8). Pure.
 */

/** Header of a visual and of an audio sample entry, before the boxes in it (sections 12.1.3 and 12.2.3). */
const PICTURE_ENTRY_BYTES = 78;
const SOUND_ENTRY_BYTES = 28;
/** QuickTime's audio entries of version 1 have so many more. */
const SOUND_VERSION_1_BYTES = 16;

/** What samples have where their fragment does not say (section 8.8.3). */
export interface SampleDefaults {
	readonly duration: number;
	readonly size: number;
	readonly flags: number;
}

/** One track that is understood. */
export interface Mp4Track {
	readonly id: number;
	/** Ticks a second. */
	readonly timescale: number;
	/** Added to all times, in ticks: what the edit list says of the beginning. */
	readonly shift: number;
	readonly description: Description;
	readonly defaults: SampleDefaults;
}

export interface Mp4Init {
	readonly tracks: readonly Mp4Track[];
	/** Sample entries that are not understood, by name. */
	readonly leftOut: readonly string[];
}

const entries: Readonly<Record<string, readonly [codec: Codec, config: string]>> = {
	avc1: ["h264", "avcC"],
	avc3: ["h264", "avcC"],
	hvc1: ["h265", "hvcC"],
	hev1: ["h265", "hvcC"],
	av01: ["av1", "av1C"],
	vp09: ["vp9", "vpcC"],
	mp4a: ["aac", "esds"],
	Opus: ["opus", "dOps"],
};

/** Reads `moov`. Throws where its boxes do not add up or there is none. */
export function readInit(bytes: Buffer): Mp4Init {
	const moov = boxAt(bytes, "moov");
	if (!moov) throw new Error("an initialisation segment without a moov box");
	const mvhd = boxAt(moov.body, "mvhd");
	const movieScale = mvhd ? timescaleOf(mvhd) : 1000;
	const mvex = boxAt(moov.body, "mvex");
	const tracks: Mp4Track[] = [];
	const leftOut: string[] = [];
	for (const { type, body } of boxes(moov.body)) {
		if (type !== "trak") continue;
		const track = readTrack(body, movieScale, mvex);
		if (typeof track === "string") leftOut.push(track);
		else tracks.push(track);
	}
	return { tracks, leftOut };
}

function readTrack(trak: Buffer, movieScale: number, mvex: Box | undefined): Mp4Track | string {
	const [tkhd, mdhd, stsd] = [
		boxAt(trak, "tkhd"),
		boxAt(trak, "mdia", "mdhd"),
		boxAt(trak, "mdia", "minf", "stbl", "stsd"),
	];
	const entry = stsd && [...boxes(stsd.body, 8)][0];
	if (!tkhd || !mdhd || !entry) throw new Error("a track without a description");
	const header = new Fields(tkhd);
	header.skip(header.version === 1 ? 16 : 8);
	const id = header.u32();
	const timescale = timescaleOf(mdhd);
	const description = timescale > 0 ? descriptionOf(entry) : undefined;
	if (!description) return entry.type;
	return { id, timescale, shift: shiftOf(trak, timescale, movieScale), description, defaults: defaultsOf(mvex, id) };
}

/** Of `mvhd` and `mdhd`: behind two times. */
function timescaleOf(box: Box): number {
	const fields = new Fields(box);
	fields.skip(fields.version === 1 ? 16 : 8);
	return fields.u32();
}

function descriptionOf({ type, body }: Box): Description | undefined {
	const [codec, config] = (Object.hasOwn(entries, type) && entries[type]) || [];
	if (!codec || !config) return undefined;
	const isSound = codec === "aac" || codec === "opus";
	const more = isSound && body.length > 10 && body.readUInt16BE(8) === 1 ? SOUND_VERSION_1_BYTES : 0;
	const inner = body.subarray(isSound ? SOUND_ENTRY_BYTES + more : PICTURE_ENTRY_BYTES);
	const box = boxAt(inner, config);
	if (!box) return undefined;
	const data = codec === "aac" ? audioConfig(box.body) : codec === "opus" ? opusHead(box.body) : box.body;
	return data && describe(codec, data);
}

/** AudioSpecificConfig in an `esds` box (ISO/IEC 14496-1 section 7.2.6). */
function audioConfig(esds: Buffer): Buffer | undefined {
	let at = 4;
	while (at + 2 <= esds.length) {
		const tag = esds[at++]!;
		let length = 0;
		for (let i = 0; i < 4; i++) {
			const byte = esds[at++] ?? 0;
			length = length * 128 + (byte & 0x7f);
			if (!(byte & 0x80)) break;
		}
		if (tag === 5) return at + length <= esds.length ? esds.subarray(at, at + length) : undefined;
		if (tag === 3) at += 3 + referenceBytes(esds, at);
		else at += tag === 4 ? 13 : length;
	}
	return undefined;
}

/** What may stand behind an ES descriptor's id and flags. */
function referenceBytes(esds: Buffer, at: number): number {
	const flags = esds[at + 2] ?? 0;
	const url = flags & 0x40 ? 1 + (esds[at + 3 + (flags & 0x80 ? 2 : 0)] ?? 0) : 0;
	return (flags & 0x80 ? 2 : 0) + url + (flags & 0x20 ? 2 : 0);
}

/** `dOps` as OpusHead, which differs in the magic and in its version (opus-in-isobmff section 4.3.2). */
function opusHead(dOps: Buffer): Buffer {
	return Buffer.concat([Buffer.from("OpusHead"), Buffer.of(1), dOps.subarray(1)]);
}

/** Where the first edit begins (section 8.6.6): an empty one delays the track, another one skips its beginning. */
function shiftOf(trak: Buffer, timescale: number, movieScale: number): number {
	const elst = boxAt(trak, "edts", "elst");
	if (!elst) return 0;
	const fields = new Fields(elst);
	const count = fields.u32();
	let shift = 0;
	for (let i = 0; i < count && fields.left >= (fields.version === 1 ? 20 : 12); i++) {
		const duration = fields.long();
		const time = fields.signedLong();
		fields.skip(4);
		if (time >= 0) return shift - time;
		shift += Math.round((duration * timescale) / Math.max(1, movieScale));
	}
	return shift;
}

function defaultsOf(mvex: Box | undefined, id: number): SampleDefaults {
	for (const box of mvex ? boxes(mvex.body) : []) {
		if (box.type !== "trex") continue;
		const fields = new Fields(box);
		if (fields.u32() !== id) continue;
		fields.skip(4);
		return { duration: fields.u32(), size: fields.u32(), flags: fields.u32() };
	}
	return { duration: 0, size: 0, flags: 0 };
}
