import type { Frame } from "../../src/media/frame.ts";
import type { Track } from "../../src/media/track.ts";
import { fmtp, type LoadStream } from "./stream.ts";

const CLOCK_RATE = 90_000;

/** The load stream's only track. */
export const track: Track = {
	kind: "video",
	codec: "h264",
	encoding: "H264",
	clockRate: CLOCK_RATE,
	channels: 0,
	payloadType: 96,
	fmtp,
};

/** Frame `n` of the load stream, stamped with a time in machine milliseconds; good until the frame a group later. */
export function frameOf(stream: LoadStream, n: number, stamp: number): Frame {
	const pts = n * (CLOCK_RATE / stream.shape.fps);
	return { track: 0, pts, key: stream.isKey(n), units: stream.picture(n, stamp) };
}
