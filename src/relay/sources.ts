import type { RelayConfig } from "../config/relay-schema.ts";
import type { Hub } from "../hub/hub.ts";
import { NO_SOURCE } from "../hub/refused.ts";
import { type PathName, parsePathName } from "../media/path-name.ts";
import type { Log } from "../observe/log.ts";
import { withoutSecretsOf } from "../observe/secrets.ts";
import { keepTrying, messageOf } from "./attempts.ts";
import { sourceDriver } from "./source-driver.ts";

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
 * it runs; those on demand only while somebody wants them. The hub is told why a source gives nothing. The returned function ends all of them.
 */
export function startSources(hub: Hub, paths: RelayConfig["paths"], pulls: Pulls, log: Log): () => Promise<void> {
	const stop = new AbortController();
	const running = new Set<Promise<unknown>>();
	const run = <T>(promise: Promise<T>): Promise<T> => {
		running.add(promise);
		const forget = (): unknown => running.delete(promise);
		promise.then(forget, forget);
		return promise;
	};
	for (const [key, { source, transport, sourceOnDemand }] of Object.entries(paths)) {
		const path = parsePathName(key);
		const pull = pulls[source.slice(0, Math.max(0, source.indexOf(":")))];
		if (!path || !pull) continue;
		const own = log.child({ path });
		const onLive = (): void => {
			hub.sourceFaults.delete(path);
			own.info("pulling from the source");
		};
		const once = (signal: AbortSignal): Promise<string> => pull(path, source, transport, signal, onLive);
		const onEnd = (said: string, waitMs?: number): void => {
			const reason = withoutSecretsOf(source, said);
			hub.sourceFaults.set(path, reason);
			own.warn({ reason, waitMs }, "the source is gone");
		};
		if (sourceOnDemand) {
			const wanted = async (signal: AbortSignal): Promise<string> => {
				const either = AbortSignal.any([stop.signal, signal]);
				const said = await run(once(either)).catch(messageOf);
				if (either.aborted) return said;
				onEnd(said);
				// Those who wait for it hear of no address.
				return NO_SOURCE;
			};
			hub.demand.drive(path, sourceDriver(wanted));
			continue;
		}
		void run(keepTrying(() => once(stop.signal), stop.signal, onEnd));
	}
	return async () => {
		stop.abort(new Error("the relay is shutting down"));
		await Promise.allSettled(running);
	};
}
