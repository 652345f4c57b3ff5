import type { Av1Format } from "../media/av1.ts";
import { BitReader } from "../media/bits.ts";
import { H265_SPS, h265Type } from "../media/h265.ts";
import type { Colour } from "../media/picture.ts";
import type { Vp9Format } from "../media/vp9.ts";
import { vp9Chroma } from "./flv-configs.ts";
import type { Fmp4Track } from "./fmp4.ts";

/** The type of a file of these tracks, as browsers are asked whether they play it (RFC 6381). */
export function mimeType(tracks: readonly Fmp4Track[]): string {
	const kind = tracks.some(({ config }) => "format" in config) ? "video" : "audio";
	return `${kind}/mp4; codecs="${tracks.map(codecName).join(",")}"`;
}

function codecName({ config }: Fmp4Track): string {
	switch (config.codec) {
		case "h264":
			return `avc1.${Buffer.from(config.sets[0]!.subarray(1, 4)).toString("hex")}`;
		case "h265":
			return h265Name(config.sets.find((set) => h265Type(set[0]!) === H265_SPS)!);
		case "av1":
			return av1Name(config.format);
		case "vp9":
			return vp9Name(config.format);
		case "opus":
			return "opus";
		case "aac":
			return `mp4a.40.${new BitReader(config.config).bits(5)}`;
	}
}

/** ISO/IEC 14496-15 annex E.3: profile, compatibility in reverse order of bits, tier and level, constraints. */
function h265Name(sps: Uint8Array): string {
	const reader = new BitReader(sps, 3);
	const space = ["", "A", "B", "C"][reader.bits(2)]!;
	const tier = reader.flag() ? "H" : "L";
	const profile = reader.bits(5);
	let compatible = 0;
	for (let bit = 0; bit < 32; bit++) if (reader.flag()) compatible += 2 ** bit;
	const constraints = Array.from({ length: 6 }, () => reader.bits(8));
	const level = reader.bits(8);
	while (constraints.at(-1) === 0) constraints.pop();
	const rest = constraints.map((value) => `.${value.toString(16).toUpperCase()}`).join("");
	return `hvc1.${space}${profile}.${compatible.toString(16).toUpperCase()}.${tier}${level}${rest}`;
}

/** av1-isobmff section 5: what is as players take it for granted is left out, all or nothing. */
function av1Name({ profile, level, highTier, bitDepth, ...coding }: Av1Format): string {
	const { monochrome, subsampling, samplePosition, colour } = coding;
	const chroma = `${subsampling.map(Number).join("")}${samplePosition}`;
	const needed = `av01.${profile}.${two(level)}${highTier ? "H" : "M"}.${two(bitDepth)}`;
	if (!monochrome && chroma === "110" && isUsual(colour)) return needed;
	return [needed, Number(monochrome), chroma, ...colour.codes.map(two), Number(colour.fullRange)].join(".");
}

/** "VP Codec ISO Media File Format Binding", section 4, in the same way. */
function vp9Name(format: Vp9Format): string {
	const { profile, level, bitDepth, colour } = format;
	const chroma = vp9Chroma(format);
	const needed = ["vp09", ...[profile, level, bitDepth].map(two)];
	const rest = [chroma, ...colour.codes, Number(colour.fullRange)].map(two);
	return (chroma === 1 && isUsual(colour) ? needed : [...needed, ...rest]).join(".");
}

const UNSPECIFIED = 2;
const BT_709 = 1;

/** BT.709, not over the full range, is what is taken for granted. */
function isUsual({ codes, fullRange }: Colour): boolean {
	return !fullRange && (codes.every((code) => code === UNSPECIFIED) || codes.every((code) => code === BT_709));
}

function two(value: number): string {
	return `${value}`.padStart(2, "0");
}
