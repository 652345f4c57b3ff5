import type { Millis } from "../media/time.ts";

/** The hub's clocks and timers: a test may have its own. */
export interface Clock {
	/** Monotonic milliseconds. */
	now(): Millis;
	/** Unix milliseconds. */
	unix(): number;
	/** Calls back once after `ms`; the returned function takes that back. */
	after(ms: Millis, call: () => void): () => void;
}

/** The machine's. */
export const systemClock: Clock = {
	now: () => performance.now(),
	unix: () => Date.now(),
	after: (ms, call) => {
		const timer = setTimeout(call, ms);
		return () => clearTimeout(timer);
	},
};
