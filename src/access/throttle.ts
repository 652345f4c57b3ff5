import type { Millis } from "../media/time.ts";

export interface ThrottleSettings {
	/** Failures that one household may make in a row. */
	readonly failures: number;
	/** After them, one more for each of these, in milliseconds. */
	readonly failurePause: Millis;
}

const MAX_HOUSEHOLDS = 20_000;

/**
 * Counts failed logins by household, as a bucket of tokens. Its memory is bounded: where too many households fail,
 * those that failed longest ago are forgotten.
 */
export class Throttle {
	readonly #settings: ThrottleSettings;
	/** By household: when its bucket will be full again. The one that failed last is last. */
	readonly #fullAt = new Map<string, Millis>();

	constructor(settings: ThrottleSettings) {
		this.#settings = settings;
	}

	/** How long this household must wait before it may try again; 0 where it may now. */
	wait(household: string, now: Millis): Millis {
		const { failures, failurePause } = this.#settings;
		const debt = (this.#fullAt.get(household) ?? now) - now;
		return Math.max(0, debt - (failures - 1) * failurePause);
	}

	/** Takes one token: a try has begun. */
	take(household: string, now: Millis): void {
		const from = Math.max(now, this.#fullAt.get(household) ?? now);
		this.#set(household, from + this.#settings.failurePause);
	}

	/** Gives a token back: the try was good. */
	giveBack(household: string, now: Millis): void {
		const fullAt = this.#fullAt.get(household);
		if (fullAt === undefined) return;
		const earlier = fullAt - this.#settings.failurePause;
		if (earlier <= now) this.#fullAt.delete(household);
		else this.#fullAt.set(household, earlier);
	}

	/** Households that are remembered. */
	get size(): number {
		return this.#fullAt.size;
	}

	#set(household: string, fullAt: Millis): void {
		this.#fullAt.delete(household);
		this.#fullAt.set(household, fullAt);
		if (this.#fullAt.size <= MAX_HOUSEHOLDS) return;
		const [oldest] = this.#fullAt.keys();
		this.#fullAt.delete(oldest!);
	}
}
