import { BitReader } from "../media/bits.ts";
import { H265_SPS, h265Type } from "../media/h265.ts";
import type { Fmp4Track } from "./fmp4.ts";

/** The type of a file of these tracks, as browsers are asked whether they play it (RFC 6381). */
export function mimeType(tracks: readonly Fmp4Track[]): string {
	const kind = tracks.some(({ config }) => config.codec === "h264" || config.codec === "h265") ? "video" : "audio";
	return `${kind}/mp4; codecs="${tracks.map(codecName).join(",")}"`;
}

function codecName({ config }: Fmp4Track): string {
	switch (config.codec) {
		case "h264":
			return `avc1.${Buffer.from(config.sets[0]!.subarray(1, 4)).toString("hex")}`;
		case "h265":
			return h265Name(config.sets.find((set) => h265Type(set[0]!) === H265_SPS)!);
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
