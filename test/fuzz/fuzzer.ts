import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type Job, type Outcome, SHARED_BYTES, SHARED_HEAD_BYTES } from "./worker.ts";

/** An input that takes longer hangs. */
const HANG_MS = 20_000;
const HEAP_MIB = 512;
const keptFolder = join(import.meta.dirname, "kept");

/** The inputs that broke something once: files in `kept/TARGET`. */
function keptInputs(target: string): Uint8Array[] {
	const folder = join(keptFolder, target);
	if (!existsSync(folder)) return [];
	return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}

/** Keeps an input; gives the file's name. */
export function keep(target: string, input: Uint8Array): string {
	const folder = join(keptFolder, target);
	mkdirSync(folder, { recursive: true });
	const file = join(folder, createHash("sha256").update(input).digest("hex").slice(0, 12));
	writeFileSync(file, input);
	return file;
}

/** Feeds targets in a thread of its own, which is watched: an input that hangs or takes all memory is known as well. */
export class Fuzzer implements AsyncDisposable {
	readonly #shared = new SharedArrayBuffer(SHARED_BYTES);
	#worker: Worker | undefined;
	/** Takes what the present job leads to. */
	#answer: (outcome: Outcome) => void = () => undefined;

	async run(job: Omit<Job, "kept">): Promise<Outcome> {
		this.#worker ??= this.#start();
		const outcome = await this.#watch(this.#worker, { ...job, kept: keptInputs(job.target) });
		if (outcome.fault !== undefined) await this[Symbol.asyncDispose]();
		return outcome;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#worker?.terminate();
		this.#worker = undefined;
	}

	#start(): Worker {
		const worker = new Worker(new URL("./worker.ts", import.meta.url), {
			workerData: this.#shared,
			resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
		});
		worker.on("message", (outcome: Outcome) => this.#answer(outcome));
		worker.on("error", (error) => this.#answer(this.#broken(error.message)));
		return worker;
	}

	#watch(worker: Worker, job: Job): Promise<Outcome> {
		const head = new Int32Array(this.#shared, 0, 2);
		return new Promise((resolve) => {
			let seen = -1;
			const timer = setInterval(() => {
				const count = Atomics.load(head, 0);
				if (count === seen) this.#answer(this.#broken(`it hangs: no answer for ${HANG_MS / 1000} s`));
				seen = count;
			}, HANG_MS);
			this.#answer = (outcome) => {
				clearInterval(timer);
				resolve(outcome);
			};
			worker.postMessage(job);
		});
	}

	/** The thread will not tell any more: the input at work is the one. */
	#broken(fault: string): Outcome {
		const [, length] = new Int32Array(this.#shared, 0, 2);
		return { fault, input: Uint8Array.from(new Uint8Array(this.#shared, SHARED_HEAD_BYTES, length)), slowestMs: 0 };
	}
}
