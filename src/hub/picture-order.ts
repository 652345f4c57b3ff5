import { distance32, type Millis } from "../media/time.ts";

/** A step back by more is no picture that is shown earlier, but a clock that was set. */
const DEEPEST_MS = 3000;
/** An encoder that has made no B-frames for so long makes none any more. */
const MEMORY_MS = 60_000;

/** Whether the pictures of a track arrive in another order than they are shown. */
export class PictureOrder {
	/** The stream has B-frames. */
	reordered = false;
	readonly #deepest: number;
	/** No number where nothing came before. */
	#last = Number.NaN;
	#reorderedAt: Millis = 0;

	constructor(clockRate: number) {
		this.#deepest = (DEEPEST_MS * clockRate) / 1000;
	}

	/** What comes from now on is another publisher's. */
	begin(): void {
		this.reordered = false;
		this.#last = Number.NaN;
	}

	/** A picture comes that is shown at `timestamp`, in ticks of the track, of which the lower 32 bits count. */
	see(timestamp: number, now: Millis): void {
		const step = distance32(timestamp, this.#last);
		this.#last = timestamp;
		if (step < 0 && step > -this.#deepest) {
			this.reordered = true;
			this.#reorderedAt = now;
		} else if (this.reordered && now - this.#reorderedAt > MEMORY_MS) this.reordered = false;
	}
}
