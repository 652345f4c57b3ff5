/*
 * Cuts a stream's fragments into parts and segments (RFC 8216bis). Pure: bytes and their times in, seconds.
 */

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

interface OpenPart {
	readonly at: number;
	readonly independent: boolean;
	readonly pieces: Buffer[];
}

/** A part is at most about so long, a whole number of frames. */
const PART_S = 0.204;
/** Frames do not come evenly: so much longer may a part be. All but the last are at least 85 % of what is announced. */
const PART_SLACK = 1.1;
/** Key frames that follow sooner do not begin a segment. */
const LEAST_SEGMENT_S = 0.99;
/** Without a key frame a segment is cut all the same: the first one after so long. */
const FIRST_SEGMENT_S = 6;
/** Durations are announced in whole seconds, rounded to the nearest (section 4.4.3.1). */
const ROUNDING_S = 0.49;
/** Complete segments in the playlist, and how many more can still be asked for by who read an earlier one. */
const LISTED_SEGMENTS = 7;
const KEPT_SEGMENTS = LISTED_SEGMENTS + 2;

/** The segments of one stream. Its pictures, or its sound where there are none, say where cuts are made. */
export class Segmenter {
	/** Seconds, as announced; 0 until the first segment is complete. */
	partTarget = 0;
	/** Whole seconds, as announced; 0 until the first segment is complete. */
	target = 0;
	/** The number of the part that is being made. */
	nextPart = 0;
	/** The highest of the complete segments, in bit/s. */
	bitrate = 0;
	#segments: Segment[] = [];
	readonly #inits = new Map<number, Buffer>();
	#lastInit = -1;
	/** The next frame needs another initialisation segment. */
	#renewed = false;
	#open: OpenPart | undefined;
	#segmentAt = 0;
	#last = 0;

	/** What the playlist names, oldest first; the last one grows. */
	get listed(): readonly Segment[] {
		return this.#segments.slice(-LISTED_SEGMENTS - 1);
	}

	/** What must be known before the next frame. */
	begin(init: Buffer): void {
		this.#inits.set(++this.#lastInit, init);
		this.#renewed = true;
	}

	/** A fragment: with `lead` a frame of the leading track. Returns whether a part became complete. */
	add(bytes: Buffer, lead: Lead | undefined): boolean {
		if (!lead) {
			this.#open?.pieces.push(bytes);
			return false;
		}
		const closed = this.#cutBefore(lead);
		this.#last = lead.at;
		this.#open ??= { at: lead.at, independent: lead.key, pieces: [] };
		this.#open.pieces.push(bytes);
		return closed;
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

	#cutBefore(lead: Lead): boolean {
		const open = this.#open;
		if (!open) {
			this.#startSegment(lead.at);
			return false;
		}
		const step = lead.at - this.#last;
		const ends = this.#endsSegment(lead, step);
		if (!ends && lead.at - open.at + step <= PART_S) return false;
		this.#closePart(open, lead.at);
		if (ends) this.#closeSegment(lead.at);
		return true;
	}

	#endsSegment({ at, key }: Lead, step: number): boolean {
		const length = at - this.#segmentAt;
		if (this.#renewed || (key && length >= LEAST_SEGMENT_S)) return true;
		const most = this.target > 0 ? this.target + ROUNDING_S : FIRST_SEGMENT_S;
		return length + step >= most;
	}

	#closePart({ at, independent, pieces }: OpenPart, end: number): void {
		const segment = this.#segments.at(-1)!;
		const duration = end - at;
		segment.parts.push({ number: this.nextPart++, duration, independent, bytes: Buffer.concat(pieces) });
		segment.duration += duration;
		this.#open = undefined;
	}

	#closeSegment(at: number): void {
		const segment = this.#segments.at(-1)!;
		segment.complete = true;
		const bytes = segment.parts.reduce((sum, part) => sum + part.bytes.length, 0);
		this.bitrate = Math.max(this.bitrate, Math.ceil((bytes * 8) / segment.duration));
		if (this.target === 0) this.#announce(segment);
		this.#startSegment(at);
		while (this.#segments.length > KEPT_SEGMENTS + 1) {
			const { init } = this.#segments.shift()!;
			if (init !== this.#segments[0]!.init) this.#inits.delete(init);
		}
	}

	/** What is announced must never change: the first segment tells it. */
	#announce({ duration, parts }: Segment): void {
		this.target = Math.max(1, Math.round(duration));
		const longest = Math.max(...parts.map((part) => part.duration));
		this.partTarget = Math.ceil(longest * PART_SLACK * 1000) / 1000;
	}

	#startSegment(at: number): void {
		const number = (this.#segments.at(-1)?.number ?? -1) + 1;
		this.#segments.push({ number, init: this.#lastInit, parts: [], duration: 0, complete: false });
		this.#segmentAt = at;
		this.#renewed = false;
	}
}
