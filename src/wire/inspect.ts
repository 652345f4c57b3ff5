import { H264_IDR, H264_PPS, H264_SPS } from "../media/h264.ts";
import { H265_BLA_W_LP, H265_CRA, H265_PPS, H265_VPS, h265Type } from "../media/h265.ts";
import type { Codec } from "../media/track.ts";
import { AV1_NEW_SEQUENCE } from "./payload/av1.ts";
import { startsVp9Key } from "./payload/vp9.ts";

/** The payload holds (the start of) a picture at which decoding can start. */
export const STARTS_KEY = 1;
/** The payload holds parameter sets, as whole NAL units. */
export const HOLDS_SETS = 2;

/**
 * Looks at the RTP payload of `length` bytes (at least 1) at `at` and says what matters for joining: `STARTS_KEY`,
 * `HOLDS_SETS`, both or neither. Costs a few loads; called for every packet that comes in.
 */
export type Inspect = (bytes: Uint8Array, at: number, length: number) => number;

const h264Key = (type: number): number =>
	type === H264_IDR ? STARTS_KEY : type === H264_SPS || type === H264_PPS ? HOLDS_SETS : 0;

/** RFC 6184 section 5.2. */
const h264: Inspect = (bytes, at, length) => {
	const type = bytes[at]! & 0x1f;
	if (type === 28 || type === 29) {
		return length > 1 && bytes[at + 1]! & 0x80 && (bytes[at + 1]! & 0x1f) === H264_IDR ? STARTS_KEY : 0;
	}
	if (type !== 24) return h264Key(type);
	let found = 0;
	for (let i = at + 1; i + 2 < at + length; ) {
		found |= h264Key(bytes[i + 2]! & 0x1f);
		i += 2 + ((bytes[i]! << 8) | bytes[i + 1]!);
	}
	return found;
};

function h265Key(type: number): number {
	if (type >= H265_BLA_W_LP && type <= H265_CRA) return STARTS_KEY;
	return type >= H265_VPS && type <= H265_PPS ? HOLDS_SETS : 0;
}

/** RFC 7798 section 4.4. */
const h265: Inspect = (bytes, at, length) => {
	const type = h265Type(bytes[at]!);
	if (type === 49) return length > 2 && bytes[at + 2]! & 0x80 ? h265Key(bytes[at + 2]! & 0x3f) & STARTS_KEY : 0;
	if (type !== 48) return h265Key(type);
	let found = 0;
	for (let i = at + 2; i + 2 < at + length; ) {
		found |= h265Key(h265Type(bytes[i + 2]!));
		i += 2 + ((bytes[i]! << 8) | bytes[i + 1]!);
	}
	return found;
};

/** RFC 7741 sections 4.2 and 4.3: first partition, and P = 0 in the payload header of a key frame. */
const vp8: Inspect = (bytes, at, length) => {
	const first = bytes[at]!;
	if ((first & 0x17) !== 0x10) return 0;
	let header = 1;
	if (first & 0x80) {
		if (length < 2) return 0;
		const extension = bytes[at + 1]!;
		header = 2;
		if (extension & 0x80) header += length > 2 && bytes[at + 2]! & 0x80 ? 2 : 1;
		if (extension & 0x40) header++;
		if (extension & 0x30) header++;
	}
	return header < length && (bytes[at + header]! & 1) === 0 ? STARTS_KEY : 0;
};

const vp9: Inspect = (bytes, at, length) => (startsVp9Key(bytes, at, length) ? STARTS_KEY : 0);

/** RTP payload format for AV1, section 4.4: N marks the first packet of a coded video sequence. */
const av1: Inspect = (bytes, at) => ((bytes[at]! & 0x88) === AV1_NEW_SEQUENCE ? STARTS_KEY : 0);

const always: Inspect = () => STARTS_KEY;

const inspectors: Readonly<Partial<Record<Codec, Inspect>>> = { h264, h265, vp8, vp9, av1 };

/** The inspector for a video codec. Where nothing is known of the codec every packet counts as a place to start. */
export function inspectorOf(codec: Codec): Inspect {
	return inspectors[codec] ?? always;
}
