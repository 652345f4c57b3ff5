import type { Track } from "../../src/media/track.ts";

/** Parameter sets of 240×160, as an SDP carries them. */
export const PARAMETER_SETS = "packetization-mode=1;sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==";

/** A track of H.264. */
export function h264Track(fmtp = ""): Track {
	const shape = { kind: "video", codec: "h264", encoding: "H264", clockRate: 90_000, channels: 0 } as const;
	return { ...shape, payloadType: 96, fmtp };
}
