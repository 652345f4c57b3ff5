import type { Frame } from "../media/frame.ts";
import type { Millis } from "../media/time.ts";
import { type Codec, type Kind, parseFmtp, type Track } from "../media/track.ts";
import { readAacConfig } from "./flv-configs.ts";
import { type Fmp4Track, fragment, initSegment, type SampleTimes } from "./fmp4.ts";
import { Fmp4Clock } from "./fmp4-clock.ts";
import { mimeType } from "./fmp4-codecs.ts";
import { pictureEntry } from "./mp4-boxes.ts";
import { describePicture, hasLengths, isPicture, type PictureConfig, sampleUnits } from "./picture-config.ts";

/** AudioSpecificConfig in the track's description; undefined where there is none that can be read. */
function aacConfig({ fmtp }: Track): Buffer | undefined {
	const bytes = Buffer.from(parseFmtp(fmtp).get("config") ?? "", "hex");
	return readAacConfig(bytes) && bytes;
}

/** Why a track cannot be carried; undefined where it can. */
function leftOutReason(track: Track): string | undefined {
	if (isPicture(track.codec) || track.codec === "opus") return undefined;
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

/** What a key frame says, and the bytes by which two are compared. */
interface Picture {
	readonly config: PictureConfig;
	readonly entry: Buffer;
}

/** Made once for all who are sent the frame. */
const pictures = new WeakMap<Frame, Picture>();

function pictureOf(codec: PictureConfig["codec"], frame: Frame, earlier: readonly Uint8Array[]): Picture | undefined {
	const known = pictures.get(frame);
	if (known) return known;
	const config = describePicture(codec, frame, earlier);
	const picture = config && { config, entry: pictureEntry(config) };
	if (picture) pictures.set(frame, picture);
	return picture;
}

/** Makes a fragmented MP4 of a stream's frames, for one reader. */
export class Fmp4Muxer {
	/** Of the last fragment, in ticks of its track. */
	times: SampleTimes = { dts: 0, pts: 0, duration: 0 };
	readonly #source: MuxerSource;
	readonly #indices: readonly number[];
	readonly #clock: Fmp4Clock;
	#picture: Picture | undefined;
	#sequence = 0;

	/** `indices` are those of the tracks that it gets, with at most one picture; `burst` what it begins with. */
	constructor(source: MuxerSource, indices: readonly number[], burst: readonly Frame[]) {
		this.#source = source;
		this.#indices = indices;
		this.#clock = new Fmp4Clock(source.offered, (frame) => source.frameMs(frame));
		this.#clock.learn(burst);
	}

	/** What must be sent before this frame: at the beginning, and where the picture changes its description. */
	beginning(frame: Frame): Beginning | undefined {
		const { codec } = this.#source.offered[frame.track]!;
		if (!isPicture(codec)) return this.#sequence === 0 ? this.#begin(undefined) : undefined;
		if (!frame.key) return undefined;
		const picture = pictureOf(codec, frame, this.#source.intakes[frame.track]?.sets?.units ?? []);
		if (!picture || this.#picture?.entry.equals(picture.entry)) return undefined;
		return this.#begin(picture);
	}

	/** The frame as a fragment; undefined before the beginning. */
	fragment(frame: Frame, now: Millis): Buffer | undefined {
		if (this.#sequence === 0) return undefined;
		const { codec } = this.#source.offered[frame.track]!;
		const units = sampleUnits(codec, frame.units);
		const id = this.#indices.indexOf(frame.track) + 1;
		this.times = this.#clock.at(frame, now);
		return fragment(this.#sequence++, id, this.times, frame.key, units, hasLengths(codec));
	}

	#begin(picture: Picture | undefined): Beginning | undefined {
		const tracks = this.#indices.map((index, at) => describe(this.#source.offered[index]!, at + 1, picture?.config));
		const known = tracks.filter((track) => track !== undefined);
		if (known.length < tracks.length) return undefined;
		this.#picture = picture;
		this.#sequence ||= 1;
		return { mime: mimeType(known), tracks: known, init: initSegment(known) };
	}
}

/** Undefined where a picture's description is not known yet. */
function describe(track: Track, id: number, picture: PictureConfig | undefined): Fmp4Track | undefined {
	const { codec, clockRate: timescale } = track;
	if (isPicture(codec)) return picture && { id, timescale, config: picture };
	if (codec === "opus") return { id, timescale, config: { codec, channels: track.channels || 2 } };
	const config = codec === "aac" ? aacConfig(track) : undefined;
	return config && { id, timescale, config: { codec: "aac", config } };
}
