import { type Av1Format, av1SequenceHeader, parseAv1Sequence } from "../media/av1.ts";
import type { Frame } from "../media/frame.ts";
import { H264_PPS, H264_SPS, parseH264Sps, type VideoFormat } from "../media/h264.ts";
import { H265_PPS, H265_SPS, H265_VPS, h265Type, parseH265Sps } from "../media/h265.ts";
import type { Codec } from "../media/track.ts";
import { parseVp9KeyFrame, type Vp9Format } from "../media/vp9.ts";

/*
 * What a key frame says of the pictures that begin with it, as MP4 tells decoders before them. Pure.
 */

type NalCodec = "h264" | "h265";

/** A picture's description: what a decoder must know before it. */
export type PictureConfig =
	| {
			readonly codec: NalCodec;
			readonly format: VideoFormat;
			/** Parameter sets in decoding order: SPS, PPS, or VPS, SPS, PPS. */
			readonly sets: readonly Uint8Array[];
	  }
	| {
			readonly codec: "av1";
			readonly format: Av1Format;
			/** The sequence header, with its size. */
			readonly header: Uint8Array;
	  }
	| { readonly codec: "vp9"; readonly format: Vp9Format };

/** What differs between the two codecs that have parameter sets. */
interface NalKind {
	/** In the order in which a decoder wants them. */
	readonly sets: readonly number[];
	readonly sps: number;
	readonly delimiter: number;
	type(first: number): number;
	parse(sps: Uint8Array): VideoFormat | undefined;
}

const nals: Readonly<Record<NalCodec, NalKind>> = {
	h264: {
		sets: [H264_SPS, H264_PPS],
		sps: H264_SPS,
		delimiter: 9,
		type: (first) => first & 0x1f,
		parse: parseH264Sps,
	},
	h265: {
		sets: [H265_VPS, H265_SPS, H265_PPS],
		sps: H265_SPS,
		delimiter: 35,
		type: h265Type,
		parse: parseH265Sps,
	},
};

/** Whether pictures of a codec come in NAL units, before each of which MP4 wants its length. */
export function hasLengths(codec: Codec): codec is NalCodec {
	return Object.hasOwn(nals, codec);
}

/** Whether MP4 carries a codec's pictures. */
export function isPicture(codec: Codec): codec is PictureConfig["codec"] {
	return hasLengths(codec) || codec === "av1" || codec === "vp9";
}

/**
 * What a key frame says; undefined where something is missing or cannot be read. `earlier` are parameter sets that came
 * before it, for those that it lacks.
 */
export function describePicture(
	codec: PictureConfig["codec"],
	{ units }: Frame,
	earlier: readonly Uint8Array[],
): PictureConfig | undefined {
	if (hasLengths(codec)) return describeNals(codec, units, earlier);
	const [block] = units;
	if (!block) return undefined;
	if (codec === "vp9") {
		const format = parseVp9KeyFrame(block);
		return format && { codec, format };
	}
	const header = av1SequenceHeader(block);
	const format = header && parseAv1Sequence(header);
	return format && { codec, format, header };
}

function describeNals(
	codec: NalCodec,
	units: readonly Uint8Array[],
	earlier: readonly Uint8Array[],
): PictureConfig | undefined {
	const kind = nals[codec];
	const perType = kind.sets.map((type) => {
		const isOfType = (unit: Uint8Array): boolean => kind.type(unit[0]!) === type;
		const own = units.filter(isOfType);
		return own.length > 0 ? own : earlier.filter(isOfType);
	});
	if (perType.some((sets) => sets.length === 0)) return undefined;
	const sps = perType[kind.sets.indexOf(kind.sps)]![0]!;
	const format = kind.parse(sps);
	return format && { codec, format, sets: perType.flat() };
}

/** The units of a frame that go into a sample: what stands before it, or says nothing in MP4, does not (ISO/IEC 14496-15 section 5.3.2). */
export function sampleUnits(codec: Codec, units: readonly Uint8Array[]): readonly Uint8Array[] {
	if (!hasLengths(codec)) return units;
	const { sets, delimiter, type } = nals[codec];
	return units.filter((unit) => {
		const own = type(unit[0]!);
		return own !== delimiter && !sets.includes(own);
	});
}
