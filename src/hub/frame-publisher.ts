import type { Frame } from "../media/frame.ts";
import type { PathName } from "../media/path-name.ts";
import type { Millis } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import type { Hub } from "./hub.ts";
import type { Publication, PublisherInfo } from "./path.ts";

/** How often the hub is told what time a timestamp stands for, so that sound and picture keep together. */
const REPORT_MS = 1000;

/** Publishes frames whose timestamps have one origin on all tracks, and whose tracks may change. */
export class FramePublisher {
	readonly #hub: Hub;
	readonly #path: PathName;
	readonly #info: PublisherInfo;
	readonly #onEnd: (reason: string) => void;
	#publication: Publication | undefined;
	#clockRates: readonly number[] = [];
	#reportedAt: Millis[] = [];

	/** `onEnd` is called when the hub ends the publisher. */
	constructor(hub: Hub, path: PathName, info: PublisherInfo, onEnd: (reason: string) => void) {
		this.#hub = hub;
		this.#path = path;
		this.#info = info;
		this.#onEnd = onEnd;
	}

	/** Whether the stream is there. */
	get isLive(): boolean {
		return this.#publication !== undefined;
	}

	/** These are the tracks of the frames that follow. Throws `Refused`. */
	publish(tracks: readonly Track[]): void {
		this.#publication?.close("the tracks have changed");
		this.#clockRates = tracks.map(({ clockRate }) => clockRate);
		this.#reportedAt = tracks.map(() => Number.NEGATIVE_INFINITY);
		this.#publication = this.#hub.publish(this.#path, tracks, this.#info, { onEnd: this.#onEnd });
	}

	/** The next frame: of each track in the order of decoding. Before the tracks are told it is dropped. */
	frame(frame: Frame): void {
		const publication = this.#publication;
		if (!publication) return;
		publication.frame(frame);
		const now = this.#hub.clock.now();
		if (now - this.#reportedAt[frame.track]! < REPORT_MS) return;
		this.#reportedAt[frame.track] = now;
		// Timestamps of all tracks have one origin: it stands for any moment on the publisher's clock.
		const unixMs = (frame.pts * 1000) / this.#clockRates[frame.track]!;
		publication.report(frame.track, frame.pts % 2 ** 32, unixMs);
	}

	/** So many packets of a track are missing. */
	lose(track: number, packets: number): void {
		this.#publication?.stream.intakes[track]?.lose(packets, this.#hub.clock.now());
	}

	/** The publisher is gone. */
	close(reason: string): void {
		this.#publication?.close(reason);
	}
}
