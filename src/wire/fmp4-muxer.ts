import type { Frame } from "../media/frame.ts";
import { H264_PPS, H264_SPS, parseH264Sps } from "../media/h264.ts";
import { H265_PPS, H265_SPS, H265_VPS, h265Type, parseH265Sps } from "../media/h265.ts";
import type { Millis } from "../media/time.ts";
import { type Codec, type Kind, parseFmtp, type Track } from "../media/track.ts";
import { readAacConfig } from "./flv-configs.ts";
import { type Fmp4Track, fragment, initSegment, type SampleTimes } from "./fmp4.ts";
import { Fmp4Clock } from "./fmp4-clock.ts";
import { mimeType } from "./fmp4-codecs.ts";

const SETS = { h264: [H264_SPS, H264_PPS], h265: [H265_VPS, H265_SPS, H265_PPS] } as const;
const ACCESS_UNIT_DELIMITER = { h264: 9, h265: 35 } as const;

/** AudioSpecificConfig in the track's description; undefined where there is none that can be read. */
function aacConfig({ fmtp }: Track): Buffer | undefined {
	const bytes = Buffer.from(parseFmtp(fmtp).get("config") ?? "", "hex");
	return readAacConfig(bytes) && bytes;
}

/** Why a track cannot be carried; undefined where it can. */
function leftOutReason(track: Track): string | undefined {
	if (track.codec === "h264" || track.codec === "h265" || track.codec === "opus") return undefined;
	if (track.codec === "aac") return aacConfig(track) ? undefined : "its description lacks the configuration";
	return "browsers are not sent it as MP4";
}

/** A track that does not come. */
export interface LeftOut {
	readonly track: number;
	readonly codec: string;
	readonly reason: string;
}

/** A stream whose tracks are chosen from. */
interface TrackSource {
	/** All that can be had. */
	readonly offered: readonly Track[];
	/** The index of the track that one is made of; undefined for one that is published. */
	madeOf(track: number): number | undefined;
}

/**
 * The first picture and the first sound that can be carried, and what is left out. Of sounds the published one, or one
 * in the codec that is `preferred`.
 */
export function chooseTracks(
	source: TrackSource,
	preferred?: Codec,
): { taken: readonly number[]; leftOut: readonly LeftOut[] } {
	const { offered } = source;
	const carried = [...offered.keys()].filter((index) => leftOutReason(offered[index]!) === undefined);
	const ofKind = (kind: Kind): number | undefined => {
		const indices = carried.filter((index) => offered[index]!.kind === kind);
		return indices.find((index) => offered[index]!.codec === preferred) ?? indices[0];
	};
	const taken = [ofKind("video"), ofKind("audio")].filter((index) => index !== undefined);
	const covered = new Set([...taken, ...taken.map((index) => source.madeOf(index))]);
	const leftOut = offered.flatMap((track, index) => {
		if (covered.has(index) || source.madeOf(index) !== undefined) return [];
		return { track: index, codec: track.encoding, reason: leftOutReason(track) ?? "one track of a kind is sent" };
	});
	return { taken, leftOut };
}

/** What a player must be given first. */
interface Beginning {
	readonly mime: string;
	readonly tracks: readonly Fmp4Track[];
	readonly init: Buffer;
}

/** What is muxed. */
interface MuxerSource {
	readonly offered: readonly Track[];
	/** When a frame was sampled, in milliseconds on one clock for all tracks. */
	frameMs(frame: Frame): number;
	/** By track: the parameter sets that came earlier. */
	readonly intakes: readonly { readonly sets: { readonly units: readonly Uint8Array[] } | undefined }[];
}

/** Makes a fragmented MP4 of a stream's frames, for one reader. */
export class Fmp4Muxer {
	/** Of the last fragment, in ticks of its track. */
	times: SampleTimes = { dts: 0, pts: 0, duration: 0 };
	readonly #source: MuxerSource;
	readonly #indices: readonly number[];
	readonly #clock: Fmp4Clock;
	#sets: readonly Uint8Array[] = [];
	#sequence = 0;

	/** `indices` are those of the tracks that it gets, with at most one picture; `burst` what it begins with. */
	constructor(source: MuxerSource, indices: readonly number[], burst: readonly Frame[]) {
		this.#source = source;
		this.#indices = indices;
		this.#clock = new Fmp4Clock(source.offered, (frame) => source.frameMs(frame));
		this.#clock.learn(burst);
	}

	/** What must be sent before this frame: at the beginning, and where the picture changes its parameter sets. */
	beginning(frame: Frame): Beginning | undefined {
		const { codec } = this.#source.offered[frame.track]!;
		if (codec !== "h264" && codec !== "h265") return this.#sequence === 0 ? this.#begin([]) : undefined;
		if (!frame.key) return undefined;
		const sets = this.#setsOf(frame, codec);
		if (this.#sequence > 0 && sameSets(sets, this.#sets)) return undefined;
		return this.#begin(sets);
	}

	/** The frame as a fragment; undefined before the beginning. */
	fragment(frame: Frame, now: Millis): Buffer | undefined {
		if (this.#sequence === 0) return undefined;
		const { codec } = this.#source.offered[frame.track]!;
		const coded = codec === "h264" || codec === "h265";
		const units = coded ? frame.units.filter((unit) => !isDescription(unit, codec)) : frame.units;
		const id = this.#indices.indexOf(frame.track) + 1;
		this.times = this.#clock.at(frame, now);
		return fragment(this.#sequence++, id, this.times, frame.key, units, coded);
	}

	#begin(sets: readonly Uint8Array[]): Beginning | undefined {
		const tracks = this.#indices.map((index, at) => describe(this.#source.offered[index]!, at + 1, sets));
		const known = tracks.filter((track) => track !== undefined);
		if (known.length < tracks.length) return undefined;
		this.#sets = sets;
		this.#sequence ||= 1;
		return { mime: mimeType(known), tracks: known, init: initSegment(known) };
	}

	/** The key frame's own sets; those that it lacks as the stream had them before. */
	#setsOf(frame: Frame, codec: "h264" | "h265"): Uint8Array[] {
		const earlier = this.#source.intakes[frame.track]?.sets?.units ?? [];
		return SETS[codec].flatMap((type) => {
			const isOfType = (unit: Uint8Array) => typeOf(unit, codec) === type;
			const own = frame.units.filter(isOfType);
			return own.length > 0 ? own : earlier.filter(isOfType);
		});
	}
}

function typeOf(unit: Uint8Array, codec: "h264" | "h265"): number {
	return codec === "h264" ? unit[0]! & 0x1f : h265Type(unit[0]!);
}

/** What stands in the initialisation segment or says nothing in MP4 (ISO/IEC 14496-15 section 5.3.2). */
function isDescription(unit: Uint8Array, codec: "h264" | "h265"): boolean {
	const type = typeOf(unit, codec);
	return type === ACCESS_UNIT_DELIMITER[codec] || SETS[codec].some((set) => set === type);
}

function sameSets(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
	return a.length === b.length && a.every((set, i) => Buffer.compare(set, b[i]!) === 0);
}

/** Undefined while a parameter set is missing or cannot be read. */
function describe(track: Track, id: number, sets: readonly Uint8Array[]): Fmp4Track | undefined {
	const { codec, clockRate: timescale } = track;
	switch (codec) {
		case "h264":
		case "h265": {
			const complete = SETS[codec].every((type) => sets.some((set) => typeOf(set, codec) === type));
			if (!complete) return undefined;
			const sps = sets.find((set) => typeOf(set, codec) === (codec === "h264" ? H264_SPS : H265_SPS))!;
			const format = codec === "h264" ? parseH264Sps(sps) : parseH265Sps(sps);
			return format && { id, timescale, config: { codec, format, sets } };
		}
		case "opus":
			return { id, timescale, config: { codec, channels: track.channels || 2 } };
		case "aac": {
			const config = aacConfig(track);
			return config && { id, timescale, config: { codec, config } };
		}
		default:
			return undefined;
	}
}
