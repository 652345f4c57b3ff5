import type { Millis } from "../media/time.ts";

/** The hub's clocks and timers, so that tests need none. */
export interface Clock {
	/** Monotonic milliseconds. */
	now(): Millis;
	/** Unix milliseconds. */
	unix(): number;
	/** Calls back once after `ms`; the returned function takes that back. */
	after(ms: Millis, call: () => void): () => void;
}
