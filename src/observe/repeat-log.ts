import type { Log } from "./log.ts";

type Fields = Readonly<Record<string, string>>;

/** Logs an event with its fields: the first at once, equal ones after it as one line with their number. */
export type RepeatLog = (fields: Fields) => void;

const PERIOD_MS = 10_000;
/** So many different events are told apart; those that are new then are counted together. */
const MAX_EVENTS = 200;

/**
 * For what others may cause again and again, like a caller that is refused and calls again a hundred times a second:
 * equal events are one line in ten seconds, with the field `count` for those since the line before.
 */
export function repeatLog(log: Log, level: "info" | "warn", message: string): RepeatLog {
	const counts = new Map<string, number>();

	const begin = (key: string, fields: Fields) => {
		counts.set(key, 0);
		setTimeout(() => tell(key, fields), PERIOD_MS).unref();
	};
	const tell = (key: string, fields: Fields) => {
		const count = counts.get(key) ?? 0;
		counts.delete(key);
		if (count === 0) return;
		log[level]({ ...fields, count }, message);
		begin(key, fields);
	};
	return (event) => {
		const known = counts.size < MAX_EVENTS || counts.has(JSON.stringify(event));
		const fields = known ? event : {};
		const key = JSON.stringify(fields);
		const count = counts.get(key);
		if (count !== undefined) {
			counts.set(key, count + 1);
			return;
		}
		log[level](fields, message);
		begin(key, fields);
	};
}
