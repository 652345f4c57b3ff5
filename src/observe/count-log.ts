import type { Log } from "./log.ts";

export interface CountLog {
	/** Counts `n` events. The first one is logged at once, the rest of each second as one line with their number. */
	(n?: number): void;
	/** Logs what is still uncounted and stops. */
	stop(): void;
}

const PERIOD_MS = 1000;

/**
 * A counter that logs itself at most once a second, for what may happen per packet.
 * The line is `message` with the fields `count` (since the line before) and `total`.
 */
export function countLog(log: Log, level: "debug" | "info" | "warn", message: string): CountLog {
	let total = 0;
	let logged = 0;
	let timer: NodeJS.Timeout | undefined;

	const write = () => {
		log[level]({ count: total - logged, total }, message);
		logged = total;
	};
	const tick = () => {
		timer = undefined;
		if (total > logged) {
			write();
			timer = setTimeout(tick, PERIOD_MS).unref();
		}
	};
	const count = (n = 1) => {
		total += n;
		if (timer !== undefined) return;
		write();
		timer = setTimeout(tick, PERIOD_MS).unref();
	};
	const stop = () => {
		clearTimeout(timer);
		timer = undefined;
		if (total > logged) write();
	};
	return Object.assign(count, { stop });
}
