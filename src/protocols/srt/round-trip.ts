import type { Millis } from "../../media/time.ts";

const FIRST_MS = 100;

/** The round-trip time and how much it varies, in milliseconds (draft-sharabayko-srt section 4.10). Pure. */
export class RoundTrip {
	#smooth = FIRST_MS;
	#variance = FIRST_MS / 2;
	#known = false;

	get smooth(): Millis {
		return this.#smooth;
	}

	get variance(): Millis {
		return this.#variance;
	}

	/** One measurement. */
	sample(ms: Millis): void {
		if (this.#known) {
			this.#variance = (3 * this.#variance + Math.abs(this.#smooth - ms)) / 4;
			this.#smooth = (7 * this.#smooth + ms) / 8;
		} else this.adopt(ms, ms / 2);
	}

	/** What the other side has measured. */
	adopt(smooth: Millis, variance: Millis): void {
		this.#smooth = smooth;
		this.#variance = variance;
		this.#known = true;
	}
}
