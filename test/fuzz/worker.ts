import { getHeapStatistics } from "node:v8";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { MAX_INPUT_BYTES, mutated, randomOf } from "./mutate.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

/** What is to be done: kept inputs, and then so many made from a seed. */
export interface Job {
	readonly target: string;
	readonly kept: readonly Uint8Array[];
	readonly inputs: number;
	readonly seed: number;
}

/** How it went: `input` is what broke something. */
export interface Outcome {
	readonly fault?: string;
	readonly input?: Uint8Array;
	readonly slowestMs: number;
}

/** The input at work lies in shared memory, so that it is known where the thread hangs: a counter, a length, the bytes. */
export const SHARED_HEAD_BYTES = 8;
export const SHARED_BYTES = SHARED_HEAD_BYTES + MAX_INPUT_BYTES;

/** One input may take so long, in the best of some tries and without the time of other programs. */
const MOST_MS = 50;
const TRIES = 3;
/** Memory that one input may take. */
const MOST_BYTES = 64 * 1024 * 1024;

function attempt(target: Target, input: Buffer): number {
	const before = getHeapStatistics().external_memory;
	const began = performance.now();
	try {
		target.take(input);
	} catch (error) {
		if (!target.errors.some((own) => error instanceof Error && error.constructor === own)) throw error;
	}
	const took = performance.now() - began;
	const grown = getHeapStatistics().external_memory - before;
	if (grown > MOST_BYTES) throw new Error(`${grown} bytes for an input of ${input.length}`);
	return took;
}

function take(target: Target, input: Buffer): number {
	let best = attempt(target, Buffer.from(input));
	for (let i = 0; i < TRIES && best > MOST_MS; i++) {
		const before = process.threadCpuUsage();
		attempt(target, Buffer.from(input));
		const { user, system } = process.threadCpuUsage(before);
		best = Math.min(best, (user + system) / 1000);
	}
	if (best > MOST_MS) throw new Error(`${best.toFixed(0)} ms for an input of ${input.length} bytes`);
	return best;
}

function* inputsOf({ kept, inputs, seed }: Job, target: Target): Iterable<Buffer> {
	for (const one of [...kept, ...target.corpus]) yield Buffer.from(one);
	const random = randomOf(seed);
	for (let i = 0; i < inputs; i++) yield mutated(target.corpus, random);
}

function work(job: Job, head: Int32Array, bytes: Uint8Array): Outcome {
	const target = targets[job.target];
	if (!target) return { fault: `there is no target ${job.target}`, slowestMs: 0 };
	let slowestMs = 0;
	for (const input of inputsOf(job, target)) {
		bytes.set(input.subarray(0, bytes.length));
		head[1] = input.length;
		Atomics.add(head, 0, 1);
		try {
			slowestMs = Math.max(slowestMs, take(target, input));
		} catch (error) {
			const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
			return { fault, input: Uint8Array.from(input), slowestMs };
		}
	}
	return { slowestMs };
}

if (!isMainThread) {
	const shared = workerData as SharedArrayBuffer;
	const head = new Int32Array(shared, 0, 2);
	const bytes = new Uint8Array(shared, SHARED_HEAD_BYTES);
	parentPort!.on("message", (job: Job) => parentPort!.postMessage(work(job, head, bytes)));
}
