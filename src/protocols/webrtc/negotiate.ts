import type { Kind, Track } from "../../media/track.ts";
import { attribute, attributes, type MediaDescription, type SessionDescription } from "../../wire/sdp.ts";
import { bestFormat, describeOffered, describeTrack, type Format, formatsOf, preferredFormat } from "./codecs.ts";
import { WebRtcRefusal } from "./refusal.ts";

/** Media sections in one offer that are looked at; what is behind them is refused with port 0 like any other. */
const MAX_SECTIONS = 16;
const MAX_SOURCES = 16;

/**
 * The header extension (RFC 8285) that publishers are asked for. Readers get none: packets are the same for all of them.
 */
export const TRANSPORT_SEQUENCE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/** One media section of an offer that is taken. */
export interface Accepted {
	readonly taken: true;
	readonly media: MediaDescription;
	/** Playing: the stream's track that goes here. Publishing: the number of the track that comes from here. */
	readonly trackIndex: number;
	/** The payload types and parameters as the offer has them. */
	readonly format: Format;
	/** Identifier (1 to 14) of the transport-wide sequence numbers, where both sides have them. */
	readonly transportSequence: number | undefined;
}

/** One media section that is answered with port 0. */
interface Rejected {
	readonly taken: false;
	readonly media: MediaDescription;
}

/** What will be answered, section by section in the order of the offer. */
export interface Plan {
	readonly direction: "play" | "publish";
	readonly sections: readonly (Accepted | Rejected)[];
	/** Tracks of the stream that this peer does not get. */
	readonly leftOut: readonly LeftOut[];
}

/** A track that finds no place, with the reason in words for people. */
export interface LeftOut {
	/** Its number in the stream. */
	readonly track: number;
	/** For instance `H264 (profile 64001f)`. */
	readonly codec: string;
	readonly reason: string;
}

/** A track of a stream, with the reason why WebRTC cannot carry it, where there is one. */
export interface PlayableTrack {
	readonly track: Track;
	readonly unfit?: string | undefined;
	/** The number of the track that this one is made of while somebody takes it. */
	readonly madeOf?: number | undefined;
	/** Why nothing else is made of it. */
	readonly notMade?: string | undefined;
}

function transportSequenceOf(media: MediaDescription): number | undefined {
	for (const value of attributes(media, "extmap")) {
		const [id, uri] = value.split(/\s+/);
		// "3/sendonly" is an identifier with a direction; above 14 it needs the two-byte form.
		const number = Number.parseInt(id ?? "", 10);
		if (uri === TRANSPORT_SEQUENCE && number >= 1 && number <= 14) return number;
	}
	return undefined;
}

type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

function directionOf(session: SessionDescription, media: MediaDescription): Direction {
	const all: readonly Direction[] = ["sendrecv", "sendonly", "recvonly", "inactive"];
	const said = (of: SessionDescription | MediaDescription) => all.find((one) => attribute(of, one) !== undefined);
	return said(media) ?? said(session) ?? "sendrecv";
}

/**
 * The sections that can be used at all: SRTP with DTLS, not rejected by the offer itself, in its BUNDLE group. Without
 * BUNDLE only the first one is, because all media shares one transport here (RFC 9143).
 */
function usableSections(offer: SessionDescription, wanted: Direction): Set<MediaDescription> {
	const group = attributes(offer, "group").find((value) => value.startsWith("BUNDLE"));
	const mids = new Set(group?.split(/\s+/).slice(1));
	const usable = offer.media.slice(0, MAX_SECTIONS).filter((media) => {
		const direction = directionOf(offer, media);
		const secure = /^(UDP|TCP)\/TLS\/RTP\/SAVPF?$/.test(media.protocol);
		const bundled = !group || mids.has(attribute(media, "mid") ?? "");
		// With bundle-only the port is 0 although the section is wanted (RFC 9143 section 6).
		const open = media.port !== 0 || attribute(media, "bundle-only") !== undefined;
		return secure && open && bundled && (direction === wanted || direction === "sendrecv");
	});
	return new Set(group ? usable : usable.slice(0, 1));
}

/** Why a track found no place, in words for people. */
function reasonFor(track: Track, sections: readonly Format[][]): string {
	if (sections.length === 0) return `the offer has no more ${track.kind} sections`;
	const offered = sections.flat().map((format) => describeOffered(format.track));
	return `the peer takes only ${[...new Set(offered)].join(", ") || "formats unknown here"}`;
}

/**
 * Offer × the tracks of a stream → who gets what. Each track goes to the first section of its kind that takes it; what
 * finds no place is left out and named. Throws a 422 where nothing is left, or no video although both sides have it.
 */
export function negotiatePlay(offer: SessionDescription, tracks: readonly PlayableTrack[]): Plan {
	const free = usableSections(offer, "recvonly");
	const placed = new Map<MediaDescription, Accepted>();
	const leftOut: LeftOut[] = [];
	for (const [trackIndex, { track, unfit, madeOf, notMade }] of tracks.entries()) {
		const same = [...free].filter((media) => media.kind === track.kind);
		const formats = same.map((media) => formatsOf(media));
		const at = unfit === undefined ? formats.findIndex((one) => bestFormat(track, one) !== undefined) : -1;
		const media = same[at];
		const format = bestFormat(track, formats[at] ?? []);
		if (!media || !format) {
			if (madeOf !== undefined) continue;
			const reasons = [unfit ?? reasonFor(track, formats), notMade].filter((reason) => reason !== undefined);
			leftOut.push({ track: trackIndex, codec: describeTrack(track), reason: reasons.join("; ") });
			continue;
		}
		free.delete(media);
		placed.set(media, { taken: true, media, trackIndex, format, transportSequence: undefined });
	}
	const has = (kind: string) => [...placed.keys()].some((media) => media.kind === kind);
	const wantsVideo = offer.media.some((media) => media.kind === "video");
	const missesVideo = wantsVideo && tracks.some(({ track }) => track.kind === "video") && !has("video");
	if (placed.size === 0 || missesVideo) {
		const why = leftOut.map(({ codec, reason }) => `${codec}: ${reason}`).join("; ") || "the stream has no tracks";
		throw new WebRtcRefusal(422, `no common ${missesVideo ? "video " : ""}format: ${why}`);
	}
	const sections = offer.media.map((media) => placed.get(media) ?? { taken: false as const, media });
	const stoodFor = new Set([...placed.values()].map(({ trackIndex }) => tracks[trackIndex]?.madeOf));
	return { direction: "play", sections, leftOut: leftOut.filter(({ track }) => !stoodFor.has(track)) };
}

/** Offer of a publisher → what it may send. Throws a 422 where it offers nothing that we take, or more than `maxTracks`. */
export function negotiatePublish(offer: SessionDescription, maxTracks: number): Plan {
	const usable = usableSections(offer, "sendonly");
	let trackIndex = 0;
	const sections = offer.media.map((media): Accepted | Rejected => {
		const format = usable.has(media) ? preferredFormat(formatsOf(media)) : undefined;
		if (!format) return { taken: false, media };
		return { taken: true, media, trackIndex: trackIndex++, format, transportSequence: transportSequenceOf(media) };
	});
	if (trackIndex === 0) throw new WebRtcRefusal(422, "the offer has no video or audio in a format known here");
	if (trackIndex > maxTracks) throw new WebRtcRefusal(422, `${trackIndex} tracks offered, at most ${maxTracks}`);
	return { direction: "publish", sections, leftOut: [] };
}

/** The sections of a plan that are taken. */
export function acceptedOf(plan: Plan): Accepted[] {
	return plan.sections.filter((section) => section.taken);
}

/** What tells the packets of one published track. */
export interface SourceHint {
	readonly kind: Kind;
	readonly trackIndex: number;
	readonly payloadType: number;
	readonly rtx: number | undefined;
	readonly clockRate: number;
	readonly transportSequence: number | undefined;
	/** Whether the publisher answers NACK. */
	readonly nack: boolean;
	/** The sources that the offer names (RFC 5576), with that of retransmissions. */
	readonly ssrcs: readonly number[];
}

/** The published tracks of a plan, in their order. */
export function sourceHints(plan: Plan): SourceHint[] {
	return acceptedOf(plan).map(({ media, format, trackIndex, transportSequence }) => {
		const { kind, payloadType, clockRate } = format.track;
		const ssrcs = attributes(media, "ssrc").map((value) => Number.parseInt(value, 10));
		const nack = attributes(media, "rtcp-fb").some((value) => value === `${payloadType} nack` || value === "* nack");
		const known = [...new Set(ssrcs)].filter((ssrc) => ssrc > 0).slice(0, MAX_SOURCES);
		return { kind, trackIndex, payloadType, rtx: format.rtx, clockRate, transportSequence, nack, ssrcs: known };
	});
}
