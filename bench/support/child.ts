import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What a load process is asked, by name, and what it answers. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

interface Call {
	readonly id: number;
	readonly name: string;
	readonly argument: unknown;
}

interface Reply {
	readonly id: number;
	readonly result?: unknown;
	readonly error?: string;
}

/** A load process that this one has started. */
export class Child<H extends Handlers> implements AsyncDisposable {
	readonly #process: ChildProcess;
	readonly #waiting = new Map<number, (reply: Reply) => void>();
	#next = 0;

	/** `script` is one of the bench's own programs. */
	constructor(script: URL, environment: Readonly<Record<string, string>> = {}) {
		this.#process = fork(script, { env: { ...process.env, ...environment }, execArgv: [] });
		this.#process.on("message", (reply: Reply) => {
			this.#waiting.get(reply.id)?.(reply);
			this.#waiting.delete(reply.id);
		});
		this.#process.once("exit", (code) => {
			for (const settle of this.#waiting.values()) settle({ id: 0, error: `${script.pathname} ended (${code})` });
			this.#waiting.clear();
		});
	}

	get pid(): number {
		return this.#process.pid ?? 0;
	}

	/** Asks, and resolves with the answer; rejects with what went wrong there. */
	async ask<K extends keyof H & string>(name: K, argument: Parameters<H[K]>[0]): Promise<Awaited<ReturnType<H[K]>>> {
		const call: Call = { id: this.#next++, name, argument };
		const reply = await new Promise<Reply>((resolve) => {
			this.#waiting.set(call.id, resolve);
			this.#process.send(call);
		});
		if (reply.error !== undefined) throw new Error(`${name}: ${reply.error}`);
		return reply.result as Awaited<ReturnType<H[K]>>;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
		const gone = once(this.#process, "exit");
		this.#process.kill("SIGKILL");
		await gone;
	}
}

/** In a load process: answers what its parent asks, and ends with it. */
export function answer(handlers: Handlers): void {
	process.on("message", async (call: Call) => {
		const reply = await attempt(handlers, call);
		process.send?.(reply);
	});
	process.once("disconnect", () => process.exit(0));
}

async function attempt(handlers: Handlers, { id, name, argument }: Call): Promise<Reply> {
	try {
		const handler = handlers[name] as ((argument: unknown) => unknown) | undefined;
		if (!handler) throw new Error("no such question");
		return { id, result: await handler(argument) };
	} catch (error) {
		return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
	}
}
