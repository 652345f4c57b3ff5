import type { Log } from "../../observe/log.ts";

/** A longer line is cut. */
const MAX_LINE = 1000;
/** Lines of one command in a second; the others are counted. */
const MAX_LINES = 20;
const PERIOD_MS = 1000;

/** Writes what a command says to the log, line by line, a bounded amount of it. */
export class Lines {
	readonly #log: Log;
	readonly #decoder = new TextDecoder();
	#rest = "";
	#written = 0;
	#left = 0;
	#period = 0;

	constructor(log: Log) {
		this.#log = log;
	}

	/** `now` in milliseconds. */
	push(chunk: Uint8Array, now: number): void {
		const parts = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split(/\r\n|\r|\n/);
		this.#rest = parts.pop()!.slice(0, MAX_LINE);
		for (const part of parts) this.#line(part, now);
	}

	/** The command says no more. */
	end(now: number): void {
		this.#line(this.#rest, now);
		this.#rest = "";
		this.#tellLeft();
	}

	#line(text: string, now: number): void {
		if (now - this.#period >= PERIOD_MS) {
			this.#tellLeft();
			this.#period = now;
			this.#written = 0;
		}
		const line = text
			.slice(0, MAX_LINE)
			.replaceAll(/\p{Cc}/gu, " ")
			.trim();
		if (line === "") return;
		if (this.#written++ < MAX_LINES) this.#log.info(line);
		else this.#left++;
	}

	#tellLeft(): void {
		if (this.#left > 0) this.#log.info({ lines: this.#left }, "more lines than the log takes from one command");
		this.#left = 0;
	}
}
