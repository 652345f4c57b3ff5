import { H264_IDR, H264_PPS, H264_SPS } from "../../media/h264.ts";
import type { Track } from "../../media/track.ts";

/** SEI, access unit delimiter, filler: nothing that a viewer needs, and a small packet each. */
const LEFT_OUT = [6, 9, 12];

/** The type of an H.264 NAL unit (RFC 6184 section 1.3). */
function unitType(unit: Uint8Array): number {
	return (unit[0] ?? 0) & 0x1f;
}

/** The NAL units between the start codes of an Annex B byte stream (H.264 annex B.1). Views, not copies. */
export function splitAnnexB(bytes: Buffer): Uint8Array[] {
	const units: Uint8Array[] = [];
	let start = startCode(bytes, 0);
	while (start >= 0) {
		const from = start + 3;
		const next = startCode(bytes, from);
		let to = next < 0 ? bytes.length : next;
		while (to > from && bytes[to - 1] === 0) to -= 1;
		if (to > from) units.push(bytes.subarray(from, to));
		start = next;
	}
	return units;
}

const START_CODE = Buffer.from([0, 0, 1]);

function startCode(bytes: Buffer, from: number): number {
	return bytes.indexOf(START_CODE, from);
}

/** The NAL units of an access unit with a 4-byte length before each (ISO/IEC 14496-15 section 5.3). */
export function splitLengths(bytes: Buffer): Uint8Array[] {
	const units: Uint8Array[] = [];
	let at = 0;
	while (at + 4 <= bytes.length) {
		const length = bytes.readUInt32BE(at);
		if (length > bytes.length - at - 4) break;
		if (length > 0) units.push(bytes.subarray(at + 4, at + 4 + length));
		at += 4 + length;
	}
	return units;
}

/**
 * Cuts a stream of NAL units into access units: a new one starts at a delimiter, SPS, PPS or SEI behind a slice, or at a
 * slice whose first macroblock is 0 (H.264 section 7.4.1.2.3, for streams whose slices are in order).
 */
export function groupAccessUnits(units: readonly Uint8Array[]): Uint8Array[][] {
	const groups: Uint8Array[][] = [];
	let sliced = true;
	for (const unit of units) {
		const type = unitType(unit);
		const slice = type >= 1 && type <= 5;
		// first_mb_in_slice is the first Exp-Golomb number of a slice: 0 is the single bit 1.
		const starts = slice ? ((unit[1] ?? 0) & 0x80) !== 0 : type >= 6 && type <= 9;
		if (sliced && starts) {
			groups.push([]);
			sliced = false;
		}
		groups.at(-1)?.push(unit);
		if (slice) sliced = true;
	}
	return groups;
}

/** An access unit ready to be sent. */
export interface AccessUnit {
	readonly key: boolean;
	readonly units: readonly Uint8Array[];
}

/**
 * Puts every access unit of an encoder into the same shape: without delimiters, SEI and filler, and with the parameter
 * sets before each key frame, whatever the encoder does itself.
 */
export class UnitShaper {
	#sps: Uint8Array | undefined;
	#pps: Uint8Array | undefined;
	#fmtp = "packetization-mode=1";

	/** Format parameters for SDP (RFC 6184 section 8.1), with the parameter sets once they were seen. */
	get fmtp(): string {
		return this.#fmtp;
	}

	/** The access unit, or undefined where nothing decodable is in it or the parameter sets are not known yet. */
	shape(raw: readonly Uint8Array[]): AccessUnit | undefined {
		const slices: Uint8Array[] = [];
		let key = false;
		for (const unit of raw) {
			const type = unitType(unit);
			if (type === H264_SPS) this.#learn(unit, this.#pps);
			else if (type === H264_PPS) this.#learn(this.#sps, unit);
			else if (!LEFT_OUT.includes(type)) slices.push(unit);
			if (type === H264_IDR) key = true;
		}
		if (slices.length === 0 || !this.#sps || !this.#pps) return undefined;
		return { key, units: key ? [this.#sps, this.#pps, ...slices] : slices };
	}

	#learn(sps: Uint8Array | undefined, pps: Uint8Array | undefined): void {
		const changed = !same(sps, this.#sps) || !same(pps, this.#pps);
		this.#sps = sps;
		this.#pps = pps;
		if (!changed || !sps || !pps) return;
		const profile = Buffer.from(sps.subarray(1, 4)).toString("hex");
		const sets = [sps, pps].map((set) => Buffer.from(set).toString("base64")).join(",");
		this.#fmtp = `packetization-mode=1;profile-level-id=${profile};sprop-parameter-sets=${sets}`;
	}
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
	if (!a || !b) return a === b;
	return Buffer.compare(a, b) === 0;
}

/** The video track of a robot's camera with these format parameters. */
export function videoTrack(fmtp: string): Track {
	return { kind: "video", codec: "h264", encoding: "H264", clockRate: 90_000, channels: 0, payloadType: 96, fmtp };
}
