import type { Stream } from "../../hub/stream.ts";
import { parseFmtp, type Track } from "../../media/track.ts";
import { attribute, parseSdp, SdpError, writeSdp } from "../../wire/sdp.ts";
import { mediaOf, trackOf } from "../../wire/sdp-tracks.ts";
import { Declined } from "./declined.ts";

/** The control attribute of a track that Vedette serves. */
export function controlOf(track: number): string {
	return `trackID=${track}`;
}

/** The track that a control attribute of ours stands for; −1 for another text. */
export function trackOfControl(control: string): number {
	const digits = /^trackID=(\d{1,3})$/i.exec(control)?.[1];
	return digits === undefined ? -1 : Number(digits);
}

/** A stream as DESCRIBE tells it (RFC 2326 appendix C). */
export function describeStream(name: string, stream: Stream): string {
	return describeTracks(name, stream.tracks);
}

/** Tracks as DESCRIBE and ANNOUNCE tell them, with `controlOf` as their control attributes. */
export function describeTracks(name: string, tracks: readonly Track[]): string {
	return writeSdp({
		origin: "- 0 0 IN IP4 127.0.0.1",
		name,
		connection: "IN IP4 0.0.0.0",
		lines: [],
		attributes: [{ name: "control", value: "*" }],
		media: tracks.map((track, index) =>
			mediaOf(fragmented(track), { attributes: [{ name: "control", value: controlOf(index) }] }),
		),
	});
}

/** Large units leave in fragments, whatever the publisher said of its own (RFC 6184 section 6.3). */
function fragmented(track: Track): Track {
	if (track.codec !== "h264") return track;
	const mode = parseFmtp(track.fmtp).get("packetization-mode");
	if (mode === "1") return track;
	const rest = track.fmtp.split(";").filter((part) => !/^\s*(packetization-mode\s*=.*)?$/i.test(part));
	return { ...track, fmtp: ["packetization-mode=1", ...rest.map((part) => part.trim())].join(";") };
}

/** What a publisher announces, or a server describes. */
export interface Announced {
	readonly tracks: readonly Track[];
	/** The control attribute of each track; empty where it has none. */
	readonly controls: readonly string[];
}

/** Reads an SDP whose every section must be a track that can be passed on. Throws `Declined`. */
export function readAnnouncement(sdp: string): Announced {
	const { media } = parse(sdp);
	const tracks = media.map((section, index) => {
		const track = trackOf(section);
		if (!track) throw new Declined(415, `section ${index + 1} of the SDP (${section.kind}) is no RTP that is known`);
		return track;
	});
	if (tracks.length === 0) throw new Declined(415, "the SDP has no tracks");
	return { tracks, controls: media.map((section) => attribute(section, "control") ?? "") };
}

/** Reads a server's SDP: sections that are no track are left out. Throws `Declined` where none is left. */
export function readDescription(sdp: string): Announced {
	const found = parse(sdp).media.flatMap((section) => {
		const track = trackOf(section);
		return track ? [{ track, control: attribute(section, "control") ?? "" }] : [];
	});
	if (found.length === 0) throw new Declined(415, "the server's SDP has no tracks that are known");
	return { tracks: found.map(({ track }) => track), controls: found.map(({ control }) => control) };
}

function parse(sdp: string) {
	try {
		return parseSdp(sdp);
	} catch (error) {
		if (error instanceof SdpError) throw new Declined(400, error.message);
		throw error;
	}
}
