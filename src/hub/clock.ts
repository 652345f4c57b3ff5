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
	// What came in while the process stood still is read before anybody finds that it is late: timers come first in Node.
	after: (ms, call) => {
		let due: NodeJS.Immediate | undefined;
		const timer = setTimeout(() => {
			due = setImmediate(call);
		}, ms);
		return () => {
			clearTimeout(timer);
			clearImmediate(due);
		};
	},
};
