import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherInfo } from "../../hub/path.ts";
import type { Frame } from "../../media/frame.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { MpegTsReader } from "../../wire/mpegts.ts";

/** How often the hub is told what time a timestamp stands for, so that sound and picture keep together. */
const REPORT_MS = 1000;

/** What the ingest tells its owner. */
export interface IngestEvents {
	/** The hub ends the publisher. */
	onEnd(reason: string): void;
	/** Streams of the program that are left out, by name. */
	onLeftOut(names: readonly string[]): void;
}

/** The transport stream of one publisher, on its way into the hub. */
export class Ingest {
	readonly #hub: Hub;
	readonly #path: PathName;
	readonly #info: PublisherInfo;
	readonly #events: IngestEvents;
	readonly #reader: MpegTsReader;
	#publication: Publication | undefined;
	#clockRates: readonly number[] = [];
	#reportedAt: Millis[] = [];

	constructor(hub: Hub, path: PathName, maxFrameBytes: number, info: PublisherInfo, events: IngestEvents) {
		this.#hub = hub;
		this.#path = path;
		this.#info = info;
		this.#events = events;
		const out = {
			onTracks: (tracks: readonly Track[], left: readonly string[]) => this.#publish(tracks, left),
			onFrame: (frame: Frame) => this.#frame(frame),
			onLoss: (track: number, packets: number) => {
				this.#publication?.stream.intakes[track]?.lose(packets, hub.clock.now());
			},
		};
		this.#reader = new MpegTsReader(out, maxFrameBytes);
	}

	/** The next bytes of the transport stream. Throws `Refused` where the hub does not take it. */
	push(bytes: Uint8Array): void {
		this.#reader.push(bytes);
	}

	/** Whether the stream is there. */
	get isLive(): boolean {
		return this.#publication !== undefined;
	}

	close(reason: string): void {
		this.#publication?.close(reason);
	}

	#publish(tracks: readonly Track[], left: readonly string[]): void {
		this.#publication?.close("the tracks have changed");
		this.#clockRates = tracks.map(({ clockRate }) => clockRate);
		this.#reportedAt = tracks.map(() => Number.NEGATIVE_INFINITY);
		const onEnd = (reason: string): void => this.#events.onEnd(reason);
		this.#publication = this.#hub.publish(this.#path, tracks, this.#info, { onEnd });
		if (left.length > 0) this.#events.onLeftOut(left);
	}

	#frame(frame: Frame): void {
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
}
