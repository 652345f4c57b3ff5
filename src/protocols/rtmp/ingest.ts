import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherInfo } from "../../hub/path.ts";
import type { Frame } from "../../media/frame.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { MediaReader } from "./media-reader.ts";
import { type Message, RtmpError } from "./message.ts";

/** A publisher that has sent media for so long has told its tracks. */
const SETTLE_MS = 1500;

/** Hands a publisher's messages to a path: from the moment that its tracks are known. */
export class Ingest {
	/** When the last media message came. */
	lastMessage: Millis;
	readonly #hub: Hub;
	readonly #path: PathName;
	readonly #info: PublisherInfo;
	readonly #end: (reason: string) => void;
	readonly #reader: MediaReader;
	#publication: Publication | undefined;
	#firstMessage: Millis | undefined;

	/** `end` is called when the hub ends the publisher. `maxHeldBytes` may wait for the tracks to be known. */
	constructor(hub: Hub, path: PathName, info: PublisherInfo, maxHeldBytes: number, end: (reason: string) => void) {
		this.#hub = hub;
		this.#path = path;
		this.#info = info;
		this.#end = end;
		this.lastMessage = hub.clock.now();
		const tracks = (all: readonly Track[]): void => this.#publish(all);
		this.#reader = new MediaReader({ tracks, frame: (frame) => this.#frame(frame) }, maxHeldBytes);
	}

	/** An audio, video or data message. Throws `Refused`, `RtmpError` and `AmfError`. */
	message(message: Message, now: Millis): void {
		this.lastMessage = now;
		this.#firstMessage ??= now;
		this.#reader.message(message);
	}

	/** To be called about once a second. Throws `Refused`. */
	tick(now: Millis): void {
		if (this.#firstMessage !== undefined && now - this.#firstMessage > SETTLE_MS) this.#reader.settle();
	}

	/** Whether the stream is there. */
	get isLive(): boolean {
		return this.#publication !== undefined;
	}

	/** What came and is not understood, as words. */
	get unknown(): readonly string[] {
		return [...this.#reader.unknown];
	}

	close(reason: string): void {
		this.#publication?.close(reason);
	}

	#frame(frame: Frame): void {
		const publication = this.#publication;
		if (!publication) return;
		const most = publication.path.settings.maxFrameSize;
		let bytes = 0;
		for (const unit of frame.units) bytes += unit.length;
		if (bytes > most) throw new RtmpError(`a picture of ${bytes} bytes, at most ${most} are allowed`);
		publication.frame(frame);
	}

	#publish(tracks: readonly Track[]): void {
		this.#publication?.close("the publisher's tracks change");
		this.#publication = this.#hub.publish(this.#path, tracks, this.#info, { onEnd: this.#end });
	}
}
