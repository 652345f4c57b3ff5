import type { Millis } from "../../media/time.ts";

/** Samples of drift that one correction is made from (section 4.7). */
const DRIFT_SAMPLES = 1000;
/** The correction that is made at once, in milliseconds. */
const MAX_DRIFT_MS = 5;

/** When packets are due, by their timestamps: time-stamp based delivery, draft-sharabayko-srt sections 4.5 and 4.7. Pure. */
export class PlayoutClock {
	readonly delay: Millis;
	/** What the timestamp 0 stands for on our clock. */
	#base: Millis;
	/** The last timestamp, unwrapped, in microseconds. */
	#last: number;
	#samples = 0;
	#sum = 0;
	#roundTrip = 0;

	/** A packet with `timestamp` came at `now`; each is held back for `delay`. */
	constructor(timestamp: number, now: Millis, delay: Millis) {
		this.delay = delay;
		this.#base = now - timestamp / 1000;
		this.#last = timestamp;
	}

	/** When a packet is due. */
	due(timestamp: number): Millis {
		return this.#time(timestamp) + this.delay;
	}

	/** A control packet with `timestamp` came at `now`: sender's and receiver's clocks may drift apart. */
	sample(timestamp: number, now: Millis, roundTrip: Millis): void {
		if (this.#samples === 0) this.#roundTrip ||= roundTrip;
		// A way that became longer is no clock that became slower.
		this.#sum += now - this.#time(timestamp) - (roundTrip - this.#roundTrip) / 2;
		if (++this.#samples < DRIFT_SAMPLES) return;
		const drift = this.#sum / this.#samples;
		this.#base += Math.max(-MAX_DRIFT_MS, Math.min(MAX_DRIFT_MS, drift));
		this.#samples = 0;
		this.#sum = 0;
	}

	#time(timestamp: number): Millis {
		const behind = (timestamp - this.#last) | 0;
		const unwrapped = this.#last + behind;
		if (behind > 0) this.#last = unwrapped;
		return this.#base + unwrapped / 1000;
	}
}
