import type { Frame } from "../media/frame.ts";
import type { Millis } from "../media/time.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { Stream } from "./stream.ts";

/** Who a reader is, for people and for the control API. */
export interface ReaderInfo {
	/** As in MediaMTX's API: `rtspSession`, `webRTCSession` … */
	readonly type: string;
	readonly id: string;
	readonly remoteAddress: string;
	/** The user's name; empty for nobody in particular. */
	readonly user: string;
	/** What stood after `?` in the address that they came to. */
	readonly query?: string;
	/** It takes what is there and is no reason for it to be there: it wakes nobody and keeps no stream. A forward. */
	readonly passive?: boolean;
}

/**
 * What a reader has been sent. The reader's protocol counts what leaves; the hub counts what was cut. Of a reader of
 * frames, packets are frames.
 */
export interface ReaderCounters {
	packets: number;
	bytes: number;
	/** Packets that were left out because the reader could not keep up. */
	dropped: number;
	/** How often that happened. */
	cuts: number;
}

/** What a protocol does for a reader of its own. Called by the stream; must not throw. */
export interface ReaderEvents {
	/** There are packets to send: see `Reader.take`. Readers that a fan-out serves leave it out. */
	onPackets?(reader: Reader, now: Millis): void;
	/** There is a frame to send: see `Reader.nextFrame`. Makes it a reader of frames, which gets no packets. */
	onFrame?(reader: Reader, now: Millis): void;
	/** The hub ends the reader. Called once; not called where the protocol itself left. */
	onEnd(reason: string): void;
}

/**
 * Consumes a stream: a subscription with a cursor, a bound on how far that may fall behind, a drop counter and an end.
 */
export class Reader {
	readonly info: ReaderInfo;
	readonly stream: Stream;
	readonly joinedAt: Millis;
	readonly counters: ReaderCounters = { packets: 0, bytes: 0, dropped: 0, cuts: 0 };
	/** Indices of the tracks that it takes. */
	readonly tracks: readonly number[];
	/** Milliseconds from joining until its first complete key frame had been handed over; −1 until then. */
	firstFrameMs: Millis = -1;
	/** Number of the first packet that it has not been sent. */
	from: number;
	/** Packets below this number and not below `from` are to be sent now; set by `take`. */
	to: number;
	/** Packets below this number belong to the burst with which it joined. */
	readonly burstEnd: number;
	/** What waits for a reader of frames; undefined for one of packets. */
	readonly frames: FrameQueue | undefined;
	/** Why it is over; empty until then. */
	endReason = "";
	readonly #events: ReaderEvents;
	readonly #leave: (reader: Reader) => void;
	#waiting = false;
	#ended = false;
	#joining = true;

	constructor(
		stream: Stream,
		info: ReaderInfo,
		tracks: readonly number[],
		events: ReaderEvents,
		now: Millis,
		leave: (reader: Reader) => void,
	) {
		this.stream = stream;
		this.info = info;
		this.tracks = tracks;
		this.joinedAt = now;
		this.burstEnd = stream.flushed;
		this.from = stream.joinFor(tracks);
		this.to = this.from;
		this.#events = events;
		this.#leave = leave;
		if (events.onFrame) this.frames = this.#queue();
	}

	/** False once it has ended or left. */
	get active(): boolean {
		return !this.#ended;
	}

	/** Whether the stream calls it with packets. */
	get called(): boolean {
		return this.#events.onPackets !== undefined;
	}

	/** The stream has packets: the protocol is called. */
	notify(now: Millis): void {
		this.#events.onPackets?.(this, now);
	}

	/**
	 * Sets `from` and `to` to what may be sent now and says whether there is anything. What is older than the stream's
	 * `behind` is left out up to the next key frame. Sending them is told by `sent`.
	 */
	take(now: Millis): boolean {
		const stream = this.stream;
		this.to = stream.flushed;
		if (this.#waiting && !this.#resume()) return false;
		if (this.from < this.to && this.#late(now)) {
			this.#cut(now);
			if (this.#waiting) return false;
		}
		return this.from < this.to;
	}

	/** A frame of the stream, for a reader of frames: kept until it is taken. */
	offer(frame: Frame, now: Millis): void {
		const { frames, counters } = this;
		if (!frames) return;
		frames.push(frame, now);
		this.stream.counters.cuts += frames.cuts - counters.cuts;
		this.stream.counters.dropped += frames.dropped - counters.dropped;
		counters.cuts = frames.cuts;
		counters.dropped = frames.dropped;
		if (!this.#joining) this.#events.onFrame?.(this, now);
	}

	/** All frames that it joins with have been offered: from now on it is called with each. */
	joined(): void {
		this.#joining = false;
		this.frames?.joined();
	}

	/** The oldest frame that waits, which is to be sent now; `sentFrame` tells that it was. */
	nextFrame(): Frame | undefined {
		return this.frames?.next();
	}

	/** A frame has been handed to the reader's transport as so many bytes. */
	sentFrame(frame: Frame, bytes: number, now: Millis): void {
		this.counters.packets++;
		this.counters.bytes += bytes;
		if (this.firstFrameMs < 0 && frame.key) this.sawFirstFrame(now);
	}

	/** Everything below packet `to` has been handed to the reader's transport, `bytes` in all. */
	sent(to: number, bytes: number, now: Millis): void {
		this.counters.packets += to - this.from;
		this.counters.bytes += bytes;
		this.from = to;
		if (this.firstFrameMs < 0) this.sawFirstFrame(now);
	}

	/** The first key frame has been handed over: called by whoever serves readers through a fan-out. */
	sawFirstFrame(now: Millis): void {
		this.firstFrameMs = now - this.joinedAt;
		this.stream.statistics.firstFrame.observe(this.firstFrameMs);
	}

	/** The protocol's side is gone, with the reason for the log. May be called more than once. */
	leave(reason = "it left"): void {
		if (this.#ended) return;
		this.#ended = true;
		this.endReason = reason;
		this.#leave(this);
	}

	/** The hub ends the reader and tells it why. */
	end(reason: string): void {
		if (this.#ended) return;
		this.#ended = true;
		this.endReason = reason;
		this.#leave(this);
		this.#events.onEnd(reason);
	}

	#queue(): FrameQueue {
		const kinds = this.stream.offered.map(({ kind }, track) => {
			if (!this.tracks.includes(track)) return "left out";
			return kind === "video" ? "picture" : "other";
		});
		return new FrameQueue(kinds, this.stream.settings);
	}

	/** The burst is old by its nature: until it is through, the time since joining counts. */
	#late(now: Millis): boolean {
		if (this.from < this.stream.ring.tail) return true;
		const age = this.from < this.burstEnd ? now - this.joinedAt : this.stream.ring.age(this.from, now);
		return age > this.stream.settings.behind;
	}

	#cut(now: Millis): void {
		const stream = this.stream;
		this.counters.cuts++;
		stream.counters.cuts++;
		const join = stream.joinFor(this.tracks);
		const fresh = join > this.from && stream.ring.age(join, now) <= stream.settings.behind;
		this.#waiting = !fresh;
		this.#drop(fresh ? join : this.to);
	}

	/** After a cut: goes on at the first key frame that came since. */
	#resume(): boolean {
		const join = this.stream.joinFor(this.tracks);
		const found = join >= this.from && join < this.to;
		this.#drop(found ? join : this.to);
		this.#waiting = !found;
		return found;
	}

	#drop(to: number): void {
		this.counters.dropped += to - this.from;
		this.stream.counters.dropped += to - this.from;
		this.from = to;
	}
}
