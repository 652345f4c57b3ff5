import type { Frame } from "../media/frame.ts";
import type { Millis } from "../media/time.ts";

/** How much may wait for one reader. */
interface FrameLimits {
	/** Oldest frame that waits, in milliseconds. */
	readonly behind: Millis;
	/** Bytes that wait, apart from the burst. */
	readonly maxUnsent: number;
}

interface Waiting {
	readonly frame: Frame;
	readonly bytes: number;
	readonly at: Millis;
}

/**
 * The frames that wait for one reader of frames. When the oldest is older than `behind`, or too much waits, the reader
 * is cut to the next key frame: it never gets a picture without those before it. What it joins with is old by its
 * nature: until that is through, the time since joining counts.
 */
export class FrameQueue {
	/** The reader was cut so often. */
	cuts = 0;
	/** Frames that were left out. */
	dropped = 0;
	readonly #limits: FrameLimits;
	/** By track: whether it is taken, and whether it needs a key frame before all else. */
	readonly #tracks: readonly ("picture" | "other" | "left out")[];
	readonly #needsKey: boolean[];
	#queue: Waiting[] = [];
	#bytes = 0;
	#joining = true;

	/** `tracks` by index: a picture of which nothing can be decoded before a key frame, another track, or left out. */
	constructor(tracks: readonly ("picture" | "other" | "left out")[], limits: FrameLimits) {
		this.#tracks = tracks;
		this.#limits = limits;
		this.#needsKey = tracks.map((track) => track === "picture");
	}

	/** Frames that wait. */
	get length(): number {
		return this.#queue.length;
	}

	/** The frames that wait, oldest first. */
	get frames(): readonly Frame[] {
		return this.#queue.map(({ frame }) => frame);
	}

	/** The burst is complete: what comes now is live. */
	joined(): void {
		this.#joining = false;
		this.#bytes = 0;
	}

	/** Adds a frame of the stream. */
	push(frame: Frame, now: Millis): void {
		const kind = this.#tracks[frame.track] ?? "left out";
		if (kind === "left out") return;
		const oldest = this.#queue[0];
		const late = oldest !== undefined && now - oldest.at > this.#limits.behind;
		if (late || (!this.#joining && this.#bytes > this.#limits.maxUnsent)) this.#cut();
		if (!this.#wants(frame, kind)) {
			if (!this.#joining) this.dropped++;
			return;
		}
		let bytes = 0;
		for (const unit of frame.units) bytes += unit.length;
		this.#bytes += bytes;
		this.#queue.push({ frame, bytes, at: now });
	}

	/** Takes the oldest frame. */
	next(): Frame | undefined {
		const first = this.#queue.shift();
		if (!first) return undefined;
		this.#bytes = Math.max(0, this.#bytes - first.bytes);
		return first.frame;
	}

	#wants(frame: Frame, kind: "picture" | "other"): boolean {
		if (kind === "picture" && frame.key) this.#needsKey[frame.track] = false;
		if (kind === "picture") return !this.#needsKey[frame.track];
		return !this.#tracks.includes("picture") || this.#tracks.some((one, i) => one === "picture" && !this.#needsKey[i]);
	}

	#cut(): void {
		this.cuts++;
		this.dropped += this.#queue.length;
		this.#queue = [];
		this.#bytes = 0;
		for (const [track, kind] of this.#tracks.entries()) this.#needsKey[track] = kind === "picture";
	}
}
