import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { backoffMs, sleep } from "../../net/backoff.ts";
import type { Log } from "../../observe/log.ts";
import { Lines } from "./lines.ts";

/** How long a command that is to run is waited for before it is run again. */
const BACKOFF = { firstMs: 1000, mostMs: 30_000 };
/** A command that ran this long is run again soon. */
const HEALTHY_MS = 30_000;
/** Between asking a command to end and ending it. */
const PATIENCE_MS = 3000;
/** What a command left in its pipes is waited for. */
const DRAIN_MS = 500;

export interface Order {
	/** The program and its arguments. */
	readonly words: readonly string[];
	readonly environment: NodeJS.ProcessEnv;
	/** Run it again when it ends. */
	readonly restart: boolean;
	readonly log: Log;
}

/** Where a program of that name is; undefined where it is not. */
function inPath(name: string): string | undefined {
	return (process.env.PATH ?? "")
		.split(":")
		.map((folder) => join(folder, name))
		.find((file) => {
			try {
				accessSync(file, constants.X_OK);
				return true;
			} catch {
				return false;
			}
		});
}

/** Has the kernel end a program when the relay is gone without a word (util-linux); undefined where it is not there. */
const keeper = process.platform === "linux" ? inPath("setpriv") : undefined;

/** Sends a signal to all of a command's processes; false where there are none. */
function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
	try {
		process.kill(-leader, signal);
		return true;
	} catch {
		return false;
	}
}

/** One command in a process group of its own, from its start until it has ended or was stopped. */
export class Command {
	/** Resolves when it runs no more and is not run again, with how it ended last: `code 0`, `SIGINT` … */
	readonly ended: Promise<string>;
	readonly #order: Order;
	readonly #stopped = new AbortController();

	constructor(order: Order) {
		this.#order = order;
		this.ended = this.#live();
	}

	/** SIGINT to all of its processes, and SIGKILL where they have not ended after 3 s. */
	stop(): Promise<string> {
		this.#stopped.abort();
		return this.ended;
	}

	async #live(): Promise<string> {
		const { restart, log } = this.#order;
		const { signal } = this.#stopped;
		let outcome = "stopped";
		for (let failures = 0; !signal.aborted; ) {
			const began = performance.now();
			outcome = await this.#once();
			if (!restart || signal.aborted) {
				log.debug({ outcome }, "the command has ended");
				break;
			}
			failures = performance.now() - began > HEALTHY_MS ? 1 : failures + 1;
			const waitMs = backoffMs(BACKOFF, failures, Math.random());
			log.warn({ outcome, waitMs }, "the command has ended and is run again");
			await sleep(waitMs, signal);
		}
		return outcome;
	}

	/** Runs it once: resolves with how it ended. */
	async #once(): Promise<string> {
		const { words, environment, log } = this.#order;
		const [program = "", ...rest] = keeper ? [keeper, "--pdeathsig", "KILL", "--", ...words] : words;
		let child: ChildProcess;
		try {
			child = spawn(program, rest, { detached: true, env: environment, stdio: ["ignore", "pipe", "pipe"] });
		} catch (error) {
			return this.#failed(error);
		}
		const { pid, stdout, stderr } = child;
		const exited = once(child, "exit");
		const lines = [stdout, stderr].map((pipe) => {
			const lines = new Lines(log);
			pipe?.on("data", (chunk: Buffer) => lines.push(chunk, performance.now()));
			return lines;
		});
		const closed = once(child, "close").catch(() => undefined);
		const release = pid === undefined ? () => undefined : this.#stopWith(pid);
		try {
			const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null];
			// What it left running in its group would be nobody's.
			if (pid !== undefined) signalGroup(pid, "SIGKILL");
			await Promise.race([closed, sleep(DRAIN_MS, new AbortController().signal)]);
			return signal ?? `code ${code}`;
		} catch (error) {
			return this.#failed(error);
		} finally {
			release();
			stdout?.destroy();
			stderr?.destroy();
			for (const one of lines) one.end(performance.now());
		}
	}

	/** Ends the group when the command is stopped; the returned function takes that back. */
	#stopWith(pid: number): () => void {
		const { signal } = this.#stopped;
		let timer: NodeJS.Timeout | undefined;
		const end = (): void => {
			signalGroup(pid, "SIGINT");
			timer = setTimeout(() => signalGroup(pid, "SIGKILL"), PATIENCE_MS);
		};
		if (signal.aborted) end();
		else signal.addEventListener("abort", end);
		return () => {
			clearTimeout(timer);
			signal.removeEventListener("abort", end);
		};
	}

	#failed(error: unknown): string {
		const reason = error instanceof Error ? error.message : String(error);
		this.#order.log.warn({ reason }, "the command cannot be run");
		return reason;
	}
}
