import { BitReader } from "./bits.ts";
import { possible } from "./picture.ts";
import { parseFmtp } from "./track.ts";

/** NAL unit types (H.264 table 7-1). */
export const H264_SLICE = 1;
export const H264_IDR = 5;
export const H264_SPS = 7;
export const H264_PPS = 8;

/** What a sequence parameter set says of the picture. */
export interface VideoFormat {
	/** Pixels, after cropping. */
	readonly width: number;
	readonly height: number;
	/** As people write it: `Baseline`, `High` … */
	readonly profile: string;
	/** As people write it: `3.1`. */
	readonly level: string;
}

const profiles: Readonly<Record<number, string>> = {
	66: "Baseline",
	77: "Main",
	88: "Extended",
	100: "High",
	110: "High 10",
	122: "High 4:2:2",
	244: "High 4:4:4 Predictive",
};

/** Profiles whose sequence parameter set carries chroma and scaling fields (H.264 7.3.2.1.1). */
const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Reads a sequence parameter set with its NAL header (H.264 7.3.2.1.1). Undefined where it is broken. */
export function parseH264Sps(sps: Uint8Array): VideoFormat | undefined {
	try {
		return possible(readSps(sps));
	} catch {
		return undefined;
	}
}

function readSps(sps: Uint8Array): VideoFormat {
	const reader = new BitReader(sps, 1);
	const profile = reader.bits(8);
	reader.skip(8);
	const level = reader.bits(8);
	reader.ue();
	const chroma = highProfiles.has(profile) ? readChroma(reader) : 1;
	reader.ue();
	skipPictureOrder(reader);
	reader.ue();
	reader.skip(1);
	const width = (reader.ue() + 1) * 16;
	const units = reader.ue() + 1;
	const frameOnly = reader.flag();
	if (!frameOnly) reader.skip(1);
	reader.skip(1);
	const fields = frameOnly ? 1 : 2;
	const crop = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
	const cropX = chroma === 1 || chroma === 2 ? 2 : 1;
	const cropY = (chroma === 1 ? 2 : 1) * fields;
	return {
		width: width - (crop[0]! + crop[1]!) * cropX,
		height: units * 16 * fields - (crop[2]! + crop[3]!) * cropY,
		profile: profiles[profile] ?? `${profile}`,
		level: levelName(level),
	};
}

/** Chroma format, with everything up to the scaling lists skipped. */
function readChroma(reader: BitReader): number {
	const chroma = reader.ue();
	if (chroma === 3) reader.skip(1);
	reader.ue();
	reader.ue();
	reader.skip(1);
	if (!reader.flag()) return chroma;
	for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) if (reader.flag()) skipScalingList(reader, list);
	return chroma;
}

/** H.264 7.3.2.1.1.1 */
function skipScalingList(reader: BitReader, list: number): void {
	let last = 8;
	let next = 8;
	for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
		if (next !== 0) next = (last + reader.se() + 256) % 256;
		if (next !== 0) last = next;
	}
}

function skipPictureOrder(reader: BitReader): void {
	const type = reader.ue();
	if (type === 0) reader.ue();
	if (type !== 1) return;
	reader.skip(1);
	reader.se();
	reader.se();
	const cycle = reader.ue();
	if (cycle > 255) throw new RangeError("more than 255 frames in a picture order cycle");
	for (let i = 0; i < cycle; i++) reader.se();
}

function levelName(level: number): string {
	const minor = level % 10;
	return minor === 0 ? `${level / 10}` : `${Math.floor(level / 10)}.${minor}`;
}

/** The parameter sets in `sprop-parameter-sets` (RFC 6184 section 8.1): NAL units, in their order. */
export function h264ParameterSets(fmtp: string): Uint8Array[] {
	const sets = parseFmtp(fmtp).get("sprop-parameter-sets") ?? "";
	return decodeSets(sets);
}

/** Comma-separated base64, as the `sprop` parameters have it. Empty ones are left out. */
export function decodeSets(list: string): Uint8Array[] {
	return list
		.split(",")
		.map((set) => base64(set.trim()))
		.filter((set) => set.length > 0);
}

function base64(text: string): Uint8Array {
	try {
		return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
	} catch {
		return new Uint8Array(0);
	}
}
