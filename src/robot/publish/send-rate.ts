import type { Frame } from "../../media/frame.ts";
import type { Millis } from "../../media/time.ts";

const RATE_MS = 1000;

/** Measures how many bytes a second leave, once a second. */
export class SendRate {
	#since: Millis = 0;
	#bytes = 0;

	/** The rate over the last second, at the end of each. */
	add(frame: Frame, now: Millis): number | undefined {
		for (const unit of frame.units) this.#bytes += unit.length;
		const ms = now - this.#since;
		if (ms < RATE_MS) return undefined;
		const rate = (this.#bytes * 1000) / ms;
		const first = this.#since === 0;
		this.#since = now;
		this.#bytes = 0;
		return first ? undefined : rate;
	}
}
