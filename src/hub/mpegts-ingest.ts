import type { PathName } from "../media/path-name.ts";
import { MpegTsReader } from "../wire/mpegts.ts";
import { FramePublisher } from "./frame-publisher.ts";
import type { Hub } from "./hub.ts";
import type { PublisherInfo } from "./path.ts";

/** What the ingest tells its owner. */
interface IngestEvents {
	/** The hub ends the publisher. */
	onEnd(reason: string): void;
	/** Streams of the program that are left out, by name. */
	onLeftOut(names: readonly string[]): void;
}

/** One publisher's transport stream, by whichever protocol it comes: bytes in, frames into the hub. */
export class MpegTsIngest {
	readonly #publisher: FramePublisher;
	readonly #reader: MpegTsReader;

	constructor(hub: Hub, path: PathName, maxFrameBytes: number, info: PublisherInfo, events: IngestEvents) {
		const publisher = new FramePublisher(hub, path, info, (reason) => events.onEnd(reason));
		this.#publisher = publisher;
		this.#reader = new MpegTsReader(
			{
				onTracks: (tracks, left) => {
					publisher.publish(tracks);
					if (left.length > 0) events.onLeftOut(left);
				},
				onFrame: (frame) => publisher.frame(frame),
				onLoss: (track, packets) => publisher.lose(track, packets),
			},
			maxFrameBytes,
		);
	}

	/** The next bytes of the transport stream. Throws `Refused` where the hub does not take it. */
	push(bytes: Uint8Array): void {
		this.#reader.push(bytes);
	}

	/** Whether the stream is there. */
	get isLive(): boolean {
		return this.#publisher.isLive;
	}

	/** The publisher is gone. */
	close(reason: string): void {
		this.#publisher.close(reason);
	}
}
