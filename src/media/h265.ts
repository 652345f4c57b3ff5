import { BitReader } from "./bits.ts";
import { decodeSets, type VideoFormat } from "./h264.ts";
import { possible } from "./picture.ts";
import { parseFmtp } from "./track.ts";

/** NAL unit types (H.265 table 7-1). 16 to 21 are pictures at which decoding can start. */
export const H265_BLA_W_LP = 16;
export const H265_CRA = 21;
export const H265_VPS = 32;
export const H265_SPS = 33;
export const H265_PPS = 34;

const profiles: Readonly<Record<number, string>> = { 1: "Main", 2: "Main 10", 3: "Main Still Picture" };

/** The type in a NAL unit's first header byte (H.265 7.3.1.2). */
export function h265Type(first: number): number {
	return (first >> 1) & 0x3f;
}

/** Reads a sequence parameter set with its NAL header (H.265 7.3.2.2.1). Undefined where it is broken. */
export function parseH265Sps(sps: Uint8Array): VideoFormat | undefined {
	try {
		return possible(readSps(sps));
	} catch {
		return undefined;
	}
}

function readSps(sps: Uint8Array): VideoFormat {
	const reader = new BitReader(sps, 2);
	reader.skip(4);
	const layers = reader.bits(3);
	reader.skip(1);
	reader.skip(3);
	const profile = reader.bits(5);
	reader.skip(32 + 48);
	const level = reader.bits(8);
	skipLayers(reader, layers);
	reader.ue();
	const chroma = reader.ue();
	if (chroma === 3) reader.skip(1);
	const width = reader.ue();
	const height = reader.ue();
	const crop = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
	const cropX = chroma === 1 || chroma === 2 ? 2 : 1;
	const cropY = chroma === 1 ? 2 : 1;
	return {
		width: width - (crop[0]! + crop[1]!) * cropX,
		height: height - (crop[2]! + crop[3]!) * cropY,
		profile: profiles[profile] ?? `${profile}`,
		level: `${level / 30}`,
	};
}

/** The sub-layer part of profile_tier_level (H.265 7.3.3). */
function skipLayers(reader: BitReader, layers: number): void {
	const flags: [boolean, boolean][] = [];
	for (let i = 0; i < layers; i++) flags.push([reader.flag(), reader.flag()]);
	if (layers > 0) reader.skip((8 - layers) * 2);
	for (const [profile, level] of flags) {
		if (profile) reader.skip(88);
		if (level) reader.skip(8);
	}
}

/** The parameter sets in the `sprop` parameters (RFC 7798 section 7.1): VPS, SPS, PPS. */
export function h265ParameterSets(fmtp: string): Uint8Array[] {
	const parameters = parseFmtp(fmtp);
	return ["sprop-vps", "sprop-sps", "sprop-pps"].flatMap((key) => decodeSets(parameters.get(key) ?? ""));
}
