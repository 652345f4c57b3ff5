import type { Millis } from "../media/time.ts";

/** Something whose batch must be handed on in time. */
export interface Batched {
	/** When the first packet of the open batch came; −1 while none is open. */
	readonly openSince: Millis;
	/** How long a batch may stay open. */
	readonly batchMs: Millis;
	/** Whether it is on the list already; kept by `Batches`. */
	listed: boolean;
	/** Hands the open batch on. */
	flush(): void;
}

interface Timers {
	now(): Millis;
	after(ms: Millis, call: () => void): unknown;
}

/** Timers are late by nature and may be early by a fraction. */
const EARLY_MS = 0.5;

/** Hands on the batches that wait for the rest of an access unit too long: one timer for all streams of the hub. */
export class Batches {
	readonly #timers: Timers;
	#waiting: Batched[] = [];
	#running = false;

	constructor(timers: Timers) {
		this.#timers = timers;
	}

	/** A batch was opened. */
	opened(one: Batched): void {
		if (one.listed) return;
		one.listed = true;
		this.#waiting.push(one);
		if (!this.#running) this.#arm(one.batchMs);
	}

	#arm(ms: Millis): void {
		this.#running = true;
		this.#timers.after(ms, () => this.#look());
	}

	#look(): void {
		this.#running = false;
		const now = this.#timers.now();
		const waiting = this.#waiting;
		this.#waiting = [];
		let soonest = Number.POSITIVE_INFINITY;
		for (const one of waiting) {
			const left = one.openSince + one.batchMs - now;
			one.listed = one.openSince >= 0 && left > EARLY_MS;
			if (one.listed) {
				this.#waiting.push(one);
				soonest = Math.min(soonest, left);
			} else if (one.openSince >= 0) {
				one.flush();
			}
		}
		if (this.#waiting.length > 0 && !this.#running) this.#arm(soonest);
	}
}
