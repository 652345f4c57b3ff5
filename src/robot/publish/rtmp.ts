import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { publishRtmp } from "../../protocols/rtmp/publish.ts";
import type { Publisher, PublishOptions } from "./publisher.ts";
import { SendRate } from "./send-rate.ts";

/** Publishes by RTMP and RTMPS: an `OpenPublisher` for rtmp:// and rtmps:// addresses. */
export async function openRtmp(
	url: string,
	tracks: readonly Track[],
	{ signal, fingerprint }: PublishOptions,
): Promise<Publisher> {
	const { client, write } = await publishRtmp(url, tracks, signal, fingerprint);
	const rate = new SendRate();
	return {
		write: (frame: Frame) => {
			write(frame);
			const bytesPerSecond = rate.add(frame, performance.now());
			if (bytesPerSecond !== undefined) client.bound(bytesPerSecond);
		},
		get pending() {
			return client.pending;
		},
		close: () => client.close(),
		closed: client.closed,
	};
}
