const TRIES = 50;

/** What to add to `performance.now()` for the machine's clock: the reading that was interrupted least. */
function measureOffset(): number {
	let best = { width: Number.POSITIVE_INFINITY, offset: 0 };
	for (let i = 0; i < TRIES; i++) {
		const before = performance.now();
		const [seconds, nanoseconds] = process.hrtime();
		const after = performance.now();
		const width = after - before;
		if (width < best.width) best = { width, offset: seconds * 1000 + nanoseconds / 1e6 - (before + after) / 2 };
	}
	return best.offset;
}

const offset = measureOffset();

/** Milliseconds of the machine's monotonic clock: the same in every process. */
export function machineMs(): number {
	return performance.now() + offset;
}

/** Resolves after a time; at once where that is past. */
export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
