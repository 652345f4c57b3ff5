import type { RelayConfig } from "../config/relay-schema.ts";
import { type PathName, parsePathName } from "../media/path-name.ts";
import { backoffMs, sleep } from "../net/backoff.ts";
import type { Log } from "../observe/log.ts";

/** How long the relay waits between two attempts to reach a source. */
const BACKOFF = { firstMs: 1000, mostMs: 30_000 };

/** A source that lived this long is tried again without delay. */
const HEALTHY_MS = 30_000;

/**
 * Pulls from one address into a path until it ends or `signal` aborts: resolves with the reason for its end, rejects
 * where it cannot begin. Calls `onLive` when the stream is there.
 */
export type Pull = (
	path: PathName,
	url: string,
	transport: "tcp" | "udp",
	signal: AbortSignal,
	onLive: () => void,
) => Promise<string>;

/** The ways to pull, by the scheme of the address without its colon. */
export type Pulls = Readonly<Record<string, Pull>>;

/**
 * Pulls every path of the configuration that names a source, and begins again with back-off and jitter for as long as
 * it runs. The returned function ends all of them.
 */
export function startSources(paths: RelayConfig["paths"], pulls: Pulls, log: Log): () => Promise<void> {
	const stop = new AbortController();
	const running: Promise<void>[] = [];
	for (const [key, { source, transport }] of Object.entries(paths)) {
		const path = parsePathName(key);
		const pull = pulls[source.slice(0, Math.max(0, source.indexOf(":")))];
		if (!path || !pull) continue;
		const once = (onLive: () => void): Promise<string> => pull(path, source, transport, stop.signal, onLive);
		running.push(keepPulling(once, stop.signal, log.child({ path })));
	}
	return async () => {
		stop.abort(new Error("the relay is shutting down"));
		await Promise.all(running);
	};
}

async function keepPulling(
	once: (onLive: () => void) => Promise<string>,
	signal: AbortSignal,
	log: Log,
): Promise<void> {
	let failures = 0;
	while (!signal.aborted) {
		const began = performance.now();
		const reason = await attempt(once, log);
		failures = performance.now() - began > HEALTHY_MS ? 1 : failures + 1;
		if (signal.aborted) return;
		const wait = backoffMs(BACKOFF, failures, Math.random());
		log.warn({ reason, waitMs: wait }, "the source is gone");
		await sleep(wait, signal);
	}
}

async function attempt(once: (onLive: () => void) => Promise<string>, log: Log): Promise<string> {
	try {
		return await once(() => log.info("pulling from the source"));
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
}
