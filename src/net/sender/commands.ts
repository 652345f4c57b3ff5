import { COMMAND_WORDS, COMMANDS, THREAD } from "./layout.ts";
import type { Memory } from "./memory.ts";

/** The main thread's end of a thread's commands: one writer, one reader, indices only. */
export class CommandWriter {
	readonly #memory: Memory;
	readonly #posted: number;
	readonly #taken: number;
	readonly #first: number;
	#count = 0;

	/** @param block offset of the thread's block in the media memory */
	constructor(memory: Memory, block: number) {
		this.#memory = memory;
		this.#posted = (block + THREAD.posted) >> 2;
		this.#taken = (block + THREAD.taken) >> 2;
		this.#first = (block + THREAD.commands) >> 2;
	}

	/** Copies a command in. False where there is no room: the reader is far behind. */
	post(command: Uint32Array): boolean {
		const { ints, words } = this.#memory;
		if (((this.#count - Atomics.load(ints, this.#taken)) | 0) >= COMMANDS) return false;
		words.set(command, this.#first + (this.#count & (COMMANDS - 1)) * COMMAND_WORDS);
		this.#count = (this.#count + 1) | 0;
		Atomics.store(ints, this.#posted, this.#count);
		return true;
	}

	/** Wakes the reader. */
	wake(): void {
		Atomics.notify(this.#memory.ints, this.#posted);
	}
}

/** The sending thread's end. */
export class CommandReader {
	readonly #memory: Memory;
	readonly #posted: number;
	readonly #taken: number;
	readonly #first: number;
	readonly #next: number;
	#count = 0;

	constructor(memory: Memory, block: number) {
		this.#memory = memory;
		this.#posted = (block + THREAD.posted) >> 2;
		this.#taken = (block + THREAD.taken) >> 2;
		this.#first = (block + THREAD.commands) >> 2;
		this.#next = (block + THREAD.next) >> 2;
	}

	/** Index of the next command's first word, or −1. It stays valid until `release`. */
	next(): number {
		if (Atomics.load(this.#memory.ints, this.#posted) === this.#count) return -1;
		return this.#first + (this.#count & (COMMANDS - 1)) * COMMAND_WORDS;
	}

	release(): void {
		this.#count = (this.#count + 1) | 0;
		Atomics.store(this.#memory.ints, this.#taken, this.#count);
	}

	/** Sleeps until there is a command, at most `timeoutMs`. Only where the thread may block. */
	wait(timeoutMs: number): void {
		Atomics.wait(this.#memory.ints, this.#posted, this.#count, timeoutMs);
	}

	/**
	 * Wakes the thread after this one, where that has commands. Whoever posted them wakes it too, but may have lost its
	 * processor to the first thread that it woke.
	 */
	wakeNext(): void {
		const { ints, words } = this.#memory;
		const block = words[this.#next]!;
		const posted = (block + THREAD.posted) >> 2;
		if (posted === this.#posted) return;
		if (Atomics.load(ints, posted) !== Atomics.load(ints, (block + THREAD.taken) >> 2)) Atomics.notify(ints, posted);
	}
}
