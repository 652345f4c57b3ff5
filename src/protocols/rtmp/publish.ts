import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { openRtmpClient, type RtmpClient } from "./client.ts";
import { MediaWriter } from "./media-writer.ts";
import { OutClock } from "./out-clock.ts";

/** A server sends nothing larger to a publisher. */
export const MAX_MESSAGE_BYTES = 65_536;

/** A stream that is being published. */
export interface RtmpPublishing {
	/** Sends a frame now and gives its bytes. */
	write(frame: Frame): number;
	readonly client: RtmpClient;
}

/** Publishes tracks to an RTMP server; resolves when it takes frames, rejects with its reason. */
export async function publishRtmp(
	url: string,
	tracks: readonly Track[],
	signal: AbortSignal,
	fingerprint?: string,
): Promise<RtmpPublishing> {
	const client = await openRtmpClient({ url, goal: "publish", maxMessage: MAX_MESSAGE_BYTES, fingerprint, signal });
	const writer = new MediaWriter(client.stream, tracks);
	const clock = new OutClock(tracks, ({ track, pts }) => (pts * 1000) / tracks[track]!.clockRate);
	client.send([writer.begin()]);
	return {
		client,
		write: (frame) => {
			const parts = writer.frame(frame, clock.at(frame, performance.now()));
			client.send(parts);
			return parts.reduce((sum, { length }) => sum + length, 0);
		},
	};
}
