import { randomInt } from "node:crypto";
import type { Stream } from "../../hub/stream.ts";
import { parseFmtp, type Track } from "../../media/track.ts";
import type { ViewerTrack } from "./carrier.ts";
import { B_FRAMES } from "./egress.ts";
import { acceptedOf, type Plan, type PlayableTrack } from "./negotiate.ts";

/** The track with the profile that its pictures have: what a description says is not always true, or not there. */
function withProfile(track: Track, sps: Uint8Array | undefined): Track {
	if (track.codec !== "h264" || !sps || sps.length < 4) return track;
	const parameters = parseFmtp(track.fmtp);
	parameters.set("profile-level-id", Buffer.from(sps.subarray(1, 4)).toString("hex"));
	return { ...track, fmtp: [...parameters].map(([name, value]) => `${name}=${value}`).join(";") };
}

/** A stream's tracks as they can be offered to a viewer. */
export function playableTracks(stream: Stream): PlayableTrack[] {
	return stream.offered.map((track, index) => {
		const intake = stream.intakes[index];
		return {
			track: withProfile(track, intake?.sets?.units[0]),
			unfit: intake?.reordered ? B_FRAMES : undefined,
			madeOf: stream.madeOf(index),
			notMade: stream.notMade(index),
		};
	});
}

/** The tracks that a viewer gets, with a source of its own for each track's retransmissions. */
export function viewerTracks(plan: Plan, stream: Stream): ViewerTrack[] {
	return acceptedOf(plan).map(({ trackIndex, format }) => {
		const { payloadType } = format.track;
		return {
			index: trackIndex,
			track: stream.offered[trackIndex]!,
			payloadType,
			ssrc: stream.ssrc(trackIndex),
			rtx: format.rtx === undefined ? undefined : { payloadType: format.rtx, ssrc: randomInt(1, 2 ** 32) },
		};
	});
}
