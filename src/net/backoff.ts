/** How long to wait between attempts. */
export interface Backoff {
	/** The longest wait before the second attempt, in milliseconds. */
	readonly firstMs: number;
	/** What the wait grows to. */
	readonly mostMs: number;
}

/**
 * How long to wait before the next attempt: doubling from `firstMs` to `mostMs`, and of that a random part between half
 * and the whole, so that many robots that lost the same relay do not come back at the same moment.
 *
 * @param failures attempts that failed in a row, 1 or more.
 * @param random a number from 0 to 1.
 */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number, random: number): number {
	const whole = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30));
	return Math.round(whole * (0.5 + random / 2));
}

/** Waits; ends early, without an error, where the signal is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) return resolve();
		const done = (): void => {
			clearTimeout(timer);
			signal.removeEventListener("abort", done);
			resolve();
		};
		const timer = setTimeout(done, ms);
		signal.addEventListener("abort", done);
	});
}
