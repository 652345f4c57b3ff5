import { sleep } from "../../net/backoff.ts";
import { type CountLog, countLog } from "../../observe/count-log.ts";
import type { Log } from "../../observe/log.ts";
import { Command } from "./command.ts";
import { expandWords, splitWords } from "./words.ts";

/** Commands that tell of an end are given this long when the relay ends. */
const FAREWELL_MS = 2000;

/** A hook's command as the configuration has it, and what it is to be told. */
export interface Hook {
	readonly name: string;
	/** Empty for none. */
	readonly command: string;
	readonly restart: boolean;
	/** For the log. */
	readonly path?: string;
	readonly values: Readonly<Record<string, string>>;
}

/** What a command finds in its environment: the relay's own without its settings, and the hook's values. */
function environmentWith(values: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
	const own = Object.entries(process.env).filter(([name]) => !name.startsWith("VEDETTE_"));
	return { ...Object.fromEntries(own), ...values };
}

/** All commands of the relay that run, never more than a given number. */
export class Commands {
	readonly #max: number;
	readonly #log: Log;
	readonly #running = new Set<Command>();
	readonly #leftOut: CountLog;

	constructor(max: number, log: Log) {
		this.#max = max;
		this.#log = log;
		this.#leftOut = countLog(log, "warn", `more than ${max} commands at a time: the others are left out`);
	}

	/** Runs a hook's command; undefined where there is none or it cannot be run. */
	run({ name, command, restart, path, values }: Hook): Command | undefined {
		if (command === "") return undefined;
		if (this.#running.size >= this.#max) {
			this.#leftOut();
			return undefined;
		}
		const log = this.#log.child(path === undefined ? { hook: name } : { hook: name, path });
		let words: string[];
		try {
			words = expandWords(splitWords(command), values, process.env);
		} catch (error) {
			log.warn({ reason: (error as Error).message }, "the command cannot be run");
			return undefined;
		}
		if (words.length === 0) return undefined;
		const running = new Command({ words, environment: environmentWith(values), restart, log });
		this.#running.add(running);
		running.ended.then(
			() => this.#running.delete(running),
			(error: unknown) => log.error({ err: error }, "the command cannot be run"),
		);
		return running;
	}

	/** Lets those end that tell of an end, then ends all. */
	async close(): Promise<void> {
		const all = [...this.#running].map((command) => command.ended);
		await Promise.race([Promise.all(all), sleep(FAREWELL_MS, new AbortController().signal)]);
		await Promise.all([...this.#running].map((command) => command.stop()));
		this.#leftOut.stop();
	}
}
