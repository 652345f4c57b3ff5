import { FramePublisher } from "../../hub/frame-publisher.ts";
import type { Hub } from "../../hub/hub.ts";
import type { PublisherInfo } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import { MpegTsReader } from "../../wire/mpegts.ts";

/** What the ingest tells its owner. */
export interface IngestEvents {
	/** The hub ends the publisher. */
	onEnd(reason: string): void;
	/** Streams of the program that are left out, by name. */
	onLeftOut(names: readonly string[]): void;
}

/** One sender's transport stream: bytes in, frames into the hub. */
export class Ingest {
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

	/** The sender is gone. */
	close(reason: string): void {
		this.#publisher.close(reason);
	}
}
