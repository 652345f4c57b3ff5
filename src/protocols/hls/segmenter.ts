/*
 * Cuts a stream's fragments into parts and segments (RFC 8216bis). Pure: bytes and their times in, seconds.
 */

import { PartRule } from "./part-rule.ts";

/** A piece of a segment that can be asked for before the segment is complete. */
interface Part {
	/** Counts from 0, over all segments. */
	readonly number: number;
	/** Seconds. */
	readonly duration: number;
	/** It begins with a frame at which decoding can start. */
	readonly independent: boolean;
	readonly bytes: Buffer;
}

export interface Segment {
	/** The media sequence number. */
	readonly number: number;
	/** Number of the initialisation segment that it needs: where it changes there is a discontinuity. */
	readonly init: number;
	readonly parts: Part[];
	/** Seconds; of the parts that are complete. */
	duration: number;
	complete: boolean;
}

/** When a frame of the leading track is decoded, in seconds, and whether decoding can start there. */
interface Lead {
	readonly at: number;
	readonly key: boolean;
}

/** A frame of the leading track, with what came before the next one. */
interface OpenFrame extends Lead {
	readonly pieces: Buffer[];
}

/** Key frames that follow sooner do not begin a segment. */
const LEAST_SEGMENT_S = 0.99;
/** Without a key frame a segment is cut all the same: the first one after so long. */
const FIRST_SEGMENT_S = 6;
/** Durations are announced in whole seconds, rounded to the nearest (section 4.4.3.1). */
const ROUNDING_S = 0.49;
/** So many of the last segments at least, and target durations (section 6.2.2). */
interface Reach {
	readonly segments: number;
	readonly targets: number;
}

/** Complete segments in the playlist, and those that can still be asked for by who read an earlier one. */
const LISTED: Reach = { segments: 7, targets: 3 };
const KEPT: Reach = { segments: 9, targets: 5 };

/**
 * The segments of one stream. Its pictures, or its sound where there are none, say where cuts are made. No part and no
 * segment is longer than announced, whatever the frames' times; but for a frame that lasts longer by itself, a pause: what
 * is announced cannot change, and the playlist tells true times. Parts last 85 % of what is announced at least (section
 * 4.4.4.9), but where no number of frames fits between the two, after a dropped picture or at another rate: a short part
 * harms no player, a segment that ended there would leave the next one without a key frame to begin at.
 */
export class Segmenter {
	/** Whole seconds, as announced; 0 until the first segment is complete. */
	target = 0;
	/** The number of the part that is being made. */
	nextPart = 0;
	/** The highest of the complete segments, in bit/s. */
	bitrate = 0;
	readonly #segments: Segment[] = [];
	readonly #inits = new Map<number, Buffer>();
	#lastInit = -1;
	/** Known when the first segment is complete. */
	#rule: PartRule | undefined;
	/** Those that are in no part yet: before there is a rule, all. */
	readonly #frames: OpenFrame[] = [];
	#segmentAt = 0;

	/** Seconds, as announced; 0 until the first segment is complete. */
	get partTarget(): number {
		return this.#rule?.target ?? 0;
	}

	/** What the playlist names, oldest first; the last one grows. */
	get listed(): readonly Segment[] {
		return this.#segments.slice(this.#firstOf(LISTED));
	}

	/** What must be known before the next frame. */
	begin(init: Buffer): void {
		this.#inits.set(++this.#lastInit, init);
	}

	/** A fragment: with `lead` a frame of the leading track. Returns whether a part became complete. */
	add(bytes: Buffer, lead: Lead | undefined): boolean {
		if (!lead) {
			this.#frames.at(-1)?.pieces.push(bytes);
			return false;
		}
		const before = this.nextPart;
		const last = this.#frames.at(-1);
		if (last) this.#cutBefore(lead, last.at);
		else this.#startSegment(lead.at, this.#lastInit);
		this.#frames.push({ ...lead, pieces: [bytes] });
		return this.nextPart > before;
	}

	init(number: number): Buffer | undefined {
		return this.#inits.get(number);
	}

	/** A complete segment by its number; undefined where it is not kept. */
	segment(number: number): Buffer | undefined {
		const segment = this.#segments.find((one) => one.number === number && one.complete);
		return segment && Buffer.concat(segment.parts.map(({ bytes }) => bytes));
	}

	/** A complete part by its number; undefined where it is not kept. */
	part(number: number): Buffer | undefined {
		for (const { parts } of this.#segments) {
			const found = parts.find((part) => part.number === number);
			if (found) return found.bytes;
		}
		return undefined;
	}

	/**
	 * Whether there is this segment, complete where no `part` is named, or this part of it, or anything later. A part
	 * behind the segment's last one is the first of the next segment (section 6.2.5.2).
	 */
	has(segment: number, part: number | undefined): boolean {
		const last = this.#segments.at(-1);
		if (!last || last.number < segment) return false;
		const wanted = this.#segments.find(({ number }) => number === segment);
		if (part === undefined || !wanted) return last.number > segment;
		if (part < wanted.parts.length) return true;
		return wanted.complete && this.has(segment + 1, 0);
	}

	#cutBefore({ at, key }: Lead, last: number): void {
		// The frame that has turned out to be too long begins another segment.
		if (at - this.#segmentAt > this.#most && last > this.#segmentAt) this.#endSegment(last, this.#init);
		this.#cutParts(at);
		if (this.#endsSegment(at, at - last, key)) this.#endSegment(at, this.#lastInit);
	}

	#endsSegment(at: number, step: number, key: boolean): boolean {
		const length = at - this.#segmentAt;
		if (this.#lastInit !== this.#init) return true;
		if (key && (length >= LEAST_SEGMENT_S || !this.#independent)) return true;
		return length + step >= this.#most;
	}

	/** Seconds that a segment may last. */
	get #most(): number {
		return this.target > 0 ? this.target + ROUNDING_S : FIRST_SEGMENT_S;
	}

	/** The number of the initialisation segment that the growing segment needs. */
	get #init(): number {
		return this.#segments.at(-1)!.init;
	}

	/** Whether the growing segment begins with a key frame. */
	get #independent(): boolean {
		return this.#segments.at(-1)!.parts[0]?.independent ?? this.#frames[0]?.key ?? false;
	}

	/** Makes parts of the frames that begin before `end`, as far as it is sure where they end. */
	#cutParts(end: number): void {
		for (;;) {
			const times = this.#timesBefore(end);
			const frames = this.#rule?.next(times) ?? 0;
			if (frames === 0) return;
			this.#closePart(frames, times[frames]!);
		}
	}

	/** When the frames that are in no part begin, as far as that is before `end`, and this. */
	#timesBefore(end: number): number[] {
		return [...this.#frames.map(({ at }) => at).filter((at) => at < end), end];
	}

	#closePart(count: number, end: number): void {
		const segment = this.#segments.at(-1)!;
		const { at, key: independent } = this.#frames[0]!;
		const bytes = Buffer.concat(this.#frames.splice(0, count).flatMap(({ pieces }) => pieces));
		const part = { number: this.nextPart++, duration: end - at, independent, bytes };
		segment.parts.push(part);
		segment.duration += part.duration;
	}

	/** The next segment begins at `end`. What is announced must never change: the first segment tells it. */
	#endSegment(end: number, nextInit: number): void {
		if (!this.#rule) {
			this.target = Math.max(1, Math.ceil(end - this.#segmentAt - ROUNDING_S));
			this.#rule = new PartRule(this.#timesBefore(end));
		}
		this.#cutParts(end);
		const rest = this.#timesBefore(end).length - 1;
		if (rest > 0) this.#closePart(rest, end);
		this.#closeSegment(end, nextInit);
	}

	#closeSegment(at: number, nextInit: number): void {
		const segment = this.#segments.at(-1)!;
		segment.complete = true;
		const bytes = segment.parts.reduce((sum, part) => sum + part.bytes.length, 0);
		this.bitrate = Math.max(this.bitrate, Math.ceil((bytes * 8) / segment.duration));
		this.#startSegment(at, nextInit);
		for (const { init } of this.#segments.splice(0, this.#firstOf(KEPT))) {
			if (init !== this.#segments[0]!.init) this.#inits.delete(init);
		}
	}

	/** Where the last complete segments begin that are so many and last so long. */
	#firstOf({ segments, targets }: Reach): number {
		const last = this.#segments.length - 1;
		let [first, seconds] = [last, 0];
		while (first > 0 && (last - first < segments || seconds < targets * this.target)) {
			seconds += this.#segments[--first]!.duration;
		}
		return Math.max(0, first);
	}

	#startSegment(at: number, init: number): void {
		const number = (this.#segments.at(-1)?.number ?? -1) + 1;
		this.#segments.push({ number, init, parts: [], duration: 0, complete: false });
		this.#segmentAt = at;
	}
}
