import { readMp3Head } from "../media/mp3.ts";
import type { Codec } from "../media/track.ts";
import { depayloadAv1 } from "./payload/av1.ts";
import { MP3_PAYLOAD_HEAD_BYTES } from "./payload/mp3.ts";
import { vp8DescriptorBytes } from "./payload/vp8.ts";
import { depayloadVp9 } from "./payload/vp9.ts";

/**
 * Puts the RTP payloads of one access unit together again: NAL units without start codes for H.264 and H.265, one block
 * for the others, several for AAC. Undefined where a part is missing or broken.
 */
export type Depayload = (payloads: readonly Uint8Array[]) => readonly Uint8Array[] | undefined;

interface NalFormat {
	readonly header: number;
	readonly aggregate: number;
	readonly fragment: number;
	type(first: number): number;
	/** The unit's header for fragments with these first bytes. */
	rebuild(fragment: Uint8Array): readonly number[];
}

/** RFC 6184 sections 5.6, 5.7.1 and 5.8. */
const h264: NalFormat = {
	header: 1,
	aggregate: 24,
	fragment: 28,
	type: (first) => first & 0x1f,
	rebuild: (fragment) => [(fragment[0]! & 0xe0) | (fragment[1]! & 0x1f)],
};

/** RFC 7798 sections 4.4.1 to 4.4.3. */
const h265: NalFormat = {
	header: 2,
	aggregate: 48,
	fragment: 49,
	type: (first) => (first >> 1) & 0x3f,
	rebuild: (fragment) => [(fragment[0]! & 0x81) | ((fragment[2]! & 0x3f) << 1), fragment[1]!],
};

function nalUnits(format: NalFormat, payloads: readonly Uint8Array[]): Uint8Array[] | undefined {
	const units: Uint8Array[] = [];
	let parts: Uint8Array[] | undefined;
	for (const payload of payloads) {
		if (payload.length <= format.header) return undefined;
		const type = format.type(payload[0]!);
		if (type === format.fragment) {
			parts = joinFragment(format, payload, parts, units);
			if (parts === broken) return undefined;
			continue;
		}
		if (parts) return undefined;
		if (type !== format.aggregate) units.push(payload);
		else if (!split(payload, format.header, units)) return undefined;
	}
	return parts ? undefined : units;
}

const broken: Uint8Array[] = [];

/** Adds a fragment to its unit and the unit to `units` when it is whole. Returns the parts so far. */
function joinFragment(
	format: NalFormat,
	payload: Uint8Array,
	parts: Uint8Array[] | undefined,
	units: Uint8Array[],
): Uint8Array[] | undefined {
	const flags = payload[format.header]!;
	const start = (flags & 0x80) !== 0;
	if (start === (parts !== undefined)) return broken;
	const all = parts ?? [Uint8Array.from(format.rebuild(payload))];
	all.push(payload.subarray(format.header + 1));
	if (!(flags & 0x40)) return all;
	units.push(Buffer.concat(all));
	return undefined;
}

/** The units of an aggregation packet. */
function split(payload: Uint8Array, header: number, units: Uint8Array[]): boolean {
	for (let at = header; at < payload.length; ) {
		if (at + 2 > payload.length) return false;
		const size = (payload[at]! << 8) | payload[at + 1]!;
		if (size === 0 || at + 2 + size > payload.length) return false;
		units.push(payload.subarray(at + 2, at + 2 + size));
		at += 2 + size;
	}
	return true;
}

function withoutDescriptors(length: (payload: Uint8Array) => number): Depayload {
	return (payloads) => {
		const parts = payloads.map((payload) => payload.subarray(length(payload)));
		return parts.some((part) => part.length === 0) ? undefined : [Buffer.concat(parts)];
	};
}

/** RFC 3640 section 3.2, mode AAC-hbr: headers of 13 bits of size and 3 of index, then the access units. */
const aac: Depayload = (payloads) => {
	const payload = Buffer.concat(payloads);
	if (payload.length < 2) return undefined;
	const headers = Math.ceil(payload.readUInt16BE(0) / 8);
	const units: Uint8Array[] = [];
	let at = 2 + headers;
	for (let header = 2; header + 2 <= 2 + headers; header += 2) {
		if (header + 2 > payload.length) return undefined;
		const size = payload.readUInt16BE(header) >> 3;
		if (size === 0 || at + size > payload.length) return undefined;
		units.push(payload.subarray(at, at + size));
		at += size;
	}
	return units.length > 0 ? units : undefined;
};

/** RFC 2250 section 3.5: fragments of one frame, or some frames. */
const mp3: Depayload = (payloads) => {
	if (payloads.some((payload) => payload.length <= MP3_PAYLOAD_HEAD_BYTES)) return undefined;
	const frame = Buffer.concat(payloads.map((payload) => payload.subarray(MP3_PAYLOAD_HEAD_BYTES)));
	return readMp3Head(frame) && [frame];
};

const depayloads: Readonly<Partial<Record<Codec, Depayload>>> = {
	h264: (payloads) => nalUnits(h264, payloads),
	h265: (payloads) => nalUnits(h265, payloads),
	vp8: withoutDescriptors(vp8DescriptorBytes),
	vp9: depayloadVp9,
	av1: depayloadAv1,
	opus: (payloads) => [Buffer.concat(payloads)],
	pcmu: (payloads) => [Buffer.concat(payloads)],
	pcma: (payloads) => [Buffer.concat(payloads)],
	aac,
	mp3,
};

/** How a codec's access units are put together; undefined where it is not known. */
export function depayloadOf(codec: Codec): Depayload | undefined {
	return depayloads[codec];
}
