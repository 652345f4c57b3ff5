import type { Track } from "../../media/track.ts";
import { publishSrt } from "../../protocols/srt/publish.ts";
import type { Publisher, PublishOptions } from "./publisher.ts";

/** Publishes a transport stream by SRT: an `OpenPublisher` for srt:// addresses. */
export async function openSrt(url: string, tracks: readonly Track[], { signal }: PublishOptions): Promise<Publisher> {
	const left = new AbortController();
	const publishing = await publishSrt(url, tracks, AbortSignal.any([signal, left.signal]));
	return {
		write: (frame) => publishing.write(frame),
		get pending() {
			return publishing.pending;
		},
		close: () => left.abort(new Error("the robot leaves")),
		closed: publishing.closed,
	};
}
