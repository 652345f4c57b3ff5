import { randomBytes } from "node:crypto";
import type { Hub } from "../../hub/hub.ts";
import { newId } from "../../hub/path.ts";
import type { Reader } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Frame } from "../../media/frame.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Fmp4Track } from "../../wire/fmp4.ts";
import { chooseTracks, Fmp4Muxer } from "../../wire/fmp4-muxer.ts";
import { Segmenter } from "./segmenter.ts";

const ID_BYTES = 6;
/** The one codec that every HLS player has; another is sent where it cannot be made. */
export const SOUND = "aac";
/** Players begin at segments, and segments at key frames: a publisher that makes one when asked is asked for the next. */
const LONGEST_WITHOUT_KEY_S = 3;

/** Reads one stream while somebody asks for it, and keeps its segments. */
export class HlsMuxer {
	/** In the names of all files: those of another muxer of the path are others. */
	readonly id = randomBytes(ID_BYTES).toString("hex");
	readonly segmenter = new Segmenter();
	/** Codecs as in RFC 6381; empty before the first frame. */
	codecs = "";
	tracks: readonly Fmp4Track[] = [];
	lastRequest: Millis;
	readonly since: Millis;
	/** To all viewers. */
	bytesSent = 0;
	readonly #stream: Stream;
	readonly #reader: Reader;
	readonly #muxer: Fmp4Muxer;
	readonly #lead: number;
	#waiting: (() => void)[] = [];
	/** When the last key frame came or was asked for, in seconds of the stream. */
	#keyAt = 0;
	#ended = false;

	/** Begins to read. Throws `Refused` where nobody publishes or nothing of the stream can be carried. */
	constructor(hub: Hub, path: PathName, onEnd: () => void) {
		this.since = hub.clock.now();
		this.lastRequest = this.since;
		this.#stream = hub.find(path);
		const { taken } = chooseTracks(this.#stream, SOUND);
		this.#lead = taken[0] ?? -1;
		const info = { type: "hlsMuxer", id: newId(), remoteAddress: "", user: "" };
		this.#reader = hub.read(path, taken, info, {
			onFrame: (_reader, now) => this.#pump(now),
			onEnd: () => {
				this.close();
				onEnd();
			},
		});
		this.#muxer = new Fmp4Muxer(this.#stream, taken, this.#reader.frames?.frames ?? []);
		this.#pump(hub.clock.now());
	}

	/** Frames that were left out because they could not be taken in time. */
	get framesDropped(): number {
		return this.#reader.counters.dropped;
	}

	/** A viewer was sent so many bytes. */
	sent(bytes: number): void {
		this.bytesSent += bytes;
	}

	/** Resolves when `ready` holds; false where it did not within `ms` or the stream ended. */
	async wait(ready: () => boolean, ms: Millis): Promise<boolean> {
		const until = performance.now() + ms;
		while (!ready()) {
			const left = until - performance.now();
			if (this.#ended || left <= 0) return false;
			await this.#next(left);
		}
		return true;
	}

	close(): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#reader.leave();
		this.#wake();
	}

	/** Resolves with the next part, or after so many milliseconds. */
	#next(ms: Millis): Promise<void> {
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, ms);
			this.#waiting.push(() => {
				clearTimeout(timer);
				resolve();
			});
		});
	}

	#pump(now: Millis): void {
		for (;;) {
			const frame = this.#reader.nextFrame();
			if (!frame) return;
			this.#take(frame, now);
		}
	}

	#take(frame: Frame, now: Millis): void {
		const beginning = this.#muxer.beginning(frame);
		if (beginning) {
			this.tracks = beginning.tracks;
			this.codecs = beginning.mime.replace(/^.*codecs="(.*)"$/, "$1");
			this.segmenter.begin(beginning.init);
		}
		const bytes = this.#muxer.fragment(frame, now);
		if (!bytes) return;
		this.#reader.sentFrame(frame, bytes.length, now);
		const { clockRate } = this.#stream.offered[frame.track]!;
		const isLead = frame.track === this.#lead;
		const lead = isLead ? { at: this.#muxer.times.dts / clockRate, key: frame.key } : undefined;
		if (lead) this.#keepKeysComing(lead);
		if (this.segmenter.add(bytes, lead)) this.#wake();
	}

	#keepKeysComing({ at, key }: { at: number; key: boolean }): void {
		if (!key && at - this.#keyAt < LONGEST_WITHOUT_KEY_S) return;
		this.#keyAt = at;
		if (!key) this.#stream.requestKeyFrame();
	}

	#wake(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const wake of waiting) wake();
	}
}
