/** Milliseconds of the machine's monotonic clock: the same in every process. */
export function machineMs(): number {
	return performance.now() + offset;
}

const [seconds, nanoseconds] = process.hrtime();
const offset = seconds * 1000 + nanoseconds / 1e6 - performance.now();

/** Resolves after a time. */
export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
