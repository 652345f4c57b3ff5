import type { Frame } from "../../media/frame.ts";
import type { Millis } from "../../media/time.ts";

/** A step of the timestamps beyond this is a gap, which is not waited for. */
const GAP_MS = 3000;
/** What is kept in hand against late segments. */
const RESERVE_MS = 250;
/** Over so many segments it is watched how early they come. */
const WATCHED = 10;

/** A frame, and when it is decoded on the clock of the stream, in milliseconds. */
export interface TimedFrame {
	readonly frame: Frame;
	readonly ms: number;
}

/**
 * Segments come as a lump; their frames leave at their own pace. One that comes too late moves all that follow; where
 * they come early for long, less is kept in hand. Pure: time comes in.
 */
export class Pacer {
	readonly #queue: TimedFrame[] = [];
	/** From the stream's clock to ours; undefined before the first frame. */
	#offset: number | undefined;
	#last = 0;
	#slack: number[] = [];

	/** Milliseconds of the stream that wait. */
	get span(): Millis {
		const [first, last] = [this.#queue[0], this.#queue.at(-1)];
		return first && last ? last.ms - first.ms : 0;
	}

	/** Adds the frames of a segment. `live`: it was made just now. */
	push(lump: readonly TimedFrame[], now: Millis, live: boolean): void {
		const first = lump.reduce((least, { ms }) => Math.min(least, ms), Number.POSITIVE_INFINITY);
		if (lump.length === 0) return;
		const isFirst = this.#offset === undefined;
		this.#offset ??= now - first;
		const ahead = first + this.#offset - now;
		const jumped = this.#queue.length === 0 && Math.abs(first - this.#last) > GAP_MS && this.#last > 0;
		if (ahead < 0 || jumped) this.#move(-ahead);
		else if (live && !isFirst) this.#watch(ahead);
		this.#queue.push(...lump);
		this.#queue.sort((a, b) => a.ms - b.ms);
	}

	/** Drops what waits. */
	clear(): void {
		this.#queue.length = 0;
	}

	/** When the next frame is to leave; undefined where none waits. */
	get nextAt(): Millis | undefined {
		const first = this.#queue[0];
		return first && first.ms + (this.#offset ?? 0);
	}

	/** The frames that are to leave now. */
	take(now: Millis): TimedFrame[] {
		const offset = this.#offset ?? 0;
		let count = 0;
		while (count < this.#queue.length && this.#queue[count]!.ms + offset <= now) count++;
		const taken = this.#queue.splice(0, count);
		this.#last = taken.at(-1)?.ms ?? this.#last;
		return taken;
	}

	#move(ms: number): void {
		this.#offset = (this.#offset ?? 0) + ms;
		this.#slack = [];
	}

	#watch(ahead: Millis): void {
		this.#slack.push(ahead);
		if (this.#slack.length < WATCHED) return;
		const least = Math.min(...this.#slack);
		if (least > RESERVE_MS) this.#move(RESERVE_MS - least);
		this.#slack = [];
	}
}
