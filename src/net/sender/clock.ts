/** How often the two clocks are compared: the thread may be held up between the readings. */
const TRIES = 8;

function systemClock(): number {
	return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Milliseconds from the clock that all threads of the process share to this thread's `performance.now()`, which starts
 * anew in each of them.
 */
export function clockOffset(): number {
	let tightest = Number.POSITIVE_INFINITY;
	let offset = 0;
	for (let i = 0; i < TRIES; i++) {
		const before = systemClock();
		const now = performance.now();
		const took = systemClock() - before;
		if (took >= tightest) continue;
		tightest = took;
		offset = now - before - took / 2;
	}
	return offset;
}
