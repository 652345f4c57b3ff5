import type { Millis } from "../media/time.ts";

/** Something whose batch must be handed on in time. */
export interface Batched {
	/** When the first packet of the open batch came; −1 while none is open. */
	readonly openSince: Millis;
	/** How long a batch may stay open. */
	readonly batchMs: Millis;
	/** Its batches have closed by themselves for a while: it is enough to look now and then whether they still do. */
	readonly punctual: boolean;
	/** Whether it is on the list already; kept by `Batches`. */
	listed: boolean;
	/** Hands on the open batch, which did not close by itself in time. */
	expire(): void;
}

interface Timers {
	now(): Millis;
	/** Calls back once after `ms`; the returned function takes that back. */
	after(ms: Millis, call: () => void): () => void;
}

/** Timers are late by nature and may be early by a fraction. */
const EARLY_MS = 0.5;
/**
 * How often punctual ones are looked at. A timer for each picture costs more than taking in its packets, and what waits
 * here is the beginning of a picture of which the rest does not come: nobody can show it.
 */
const PUNCTUAL_MS = 100;

/** Hands on the batches that wait for the rest of an access unit too long: one timer for all streams of the hub. */
export class Batches {
	readonly #timers: Timers;
	#waiting: Batched[] = [];
	/** When the timer that runs is due; Infinity while none runs. */
	#dueAt = Number.POSITIVE_INFINITY;
	#cancel: (() => void) | undefined;

	constructor(timers: Timers) {
		this.#timers = timers;
	}

	/** A batch was opened. */
	opened(one: Batched): void {
		if (!one.listed) {
			one.listed = true;
			this.#waiting.push(one);
		}
		const ms = one.punctual ? Math.max(PUNCTUAL_MS, one.batchMs) : one.batchMs;
		if (one.openSince + ms < this.#dueAt - EARLY_MS) this.#arm(ms, one.openSince + ms);
	}

	#arm(ms: Millis, dueAt: Millis): void {
		this.#cancel?.();
		this.#dueAt = dueAt;
		this.#cancel = this.#timers.after(ms, () => this.#look());
	}

	#look(): void {
		this.#dueAt = Number.POSITIVE_INFINITY;
		this.#cancel = undefined;
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
				one.expire();
			}
		}
		if (this.#waiting.length > 0 && now + soonest < this.#dueAt - EARLY_MS) this.#arm(soonest, now + soonest);
	}
}
