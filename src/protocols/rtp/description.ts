import { readFile } from "node:fs/promises";
import type { Track } from "../../media/track.ts";
import { attribute, parseSdp } from "../../wire/sdp.ts";
import { tracksOf } from "../../wire/sdp-tracks.ts";

/** A track that is awaited, and where. */
export interface AwaitedTrack {
	readonly track: Track;
	/** UDP port for RTP. */
	readonly port: number;
	/** UDP port for RTCP; the same where both come to one. */
	readonly rtcpPort: number;
}

/** The text of a description: `sdp` itself, or what stands in the file of that name. Rejects where that cannot be read. */
export async function readDescription(sdp: string): Promise<string> {
	return /^\s*v=0/.test(sdp) ? sdp : readFile(sdp, "utf8");
}

/**
 * The tracks that a description tells of. A media section without a port stands for `port`. RTCP comes to the port after
 * RTP's (RFC 3550 section 11), unless the section says otherwise (RFC 3605, RFC 5761).
 * @throws SdpError, or an Error where nothing in it is RTP
 */
export function awaitedTracks(text: string, port: number): AwaitedTrack[] {
	const found = tracksOf(parseSdp(text).media);
	if (found.length === 0) throw new Error("the SDP tells of no RTP stream");
	return found.map(({ media, track }) => {
		const own = media.port || port;
		const told = Number.parseInt(attribute(media, "rtcp") ?? "", 10);
		const muxed = attribute(media, "rtcp-mux") !== undefined;
		const rtcpPort = muxed ? own : told > 0 && told <= 65_535 ? told : Math.min(own + 1, 65_535);
		return { track, port: own, rtcpPort };
	});
}
