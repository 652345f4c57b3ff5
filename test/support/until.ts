import { setTimeout as pause } from "node:timers/promises";

const PATIENCE_MS = 15_000;
const LOOK_MS = 10;

/** Resolves with what `found` gives once that is something; rejects, with what is missing, after `ms`. */
export async function until<T>(
	found: () => T | undefined | false | Promise<T | undefined | false>,
	what: string | (() => string),
	ms = PATIENCE_MS,
): Promise<T> {
	for (const end = performance.now() + ms; ; await pause(LOOK_MS)) {
		const value = await found();
		if (value) return value;
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${typeof what === "string" ? what : what()}`);
	}
}
