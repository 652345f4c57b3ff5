import { backoffMs, sleep } from "../net/backoff.ts";

/** How long the relay waits between two attempts to reach another server. */
const BACKOFF = { firstMs: 1000, mostMs: 30_000 };
/** A connection that lived this long counts as good: its end is the first failure again. */
const HEALTHY_MS = 30_000;

/**
 * Calls `once` again and again, with back-off and jitter, until the signal aborts. It resolves with the reason for its
 * end or rejects; `onEnd` is told, with the wait before the next attempt.
 */
export async function keepTrying(
	once: () => Promise<string>,
	signal: AbortSignal,
	onEnd: (reason: string, waitMs: number) => void,
): Promise<void> {
	let failures = 0;
	while (!signal.aborted) {
		const began = performance.now();
		const reason = await once().catch(messageOf);
		failures = performance.now() - began > HEALTHY_MS ? 1 : failures + 1;
		if (signal.aborted) return;
		const waitMs = backoffMs(BACKOFF, failures, Math.random());
		onEnd(reason, waitMs);
		await sleep(waitMs, signal);
	}
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
