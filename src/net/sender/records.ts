import { BLOCK_BYTES, type Pool } from "../pool.ts";
import { RECORD, RECORD_BYTES, RECORD_FREE, RECORD_TAKEN } from "./layout.ts";
import type { Memory } from "./memory.ts";

/** Memory for the records of destinations: small pieces of the pool's blocks, used again after a thread freed them. */
export class Records {
	readonly #pool: Pool;
	readonly #memory: Memory;
	readonly #blocks: number[] = [];
	#free: number[] = [];
	/** Records that threads have yet to give back. */
	#leaving: number[] = [];

	constructor(pool: Pool, memory: Memory) {
		this.#pool = pool;
		this.#memory = memory;
	}

	/** Offset of an empty record, or −1 where the pool is used up. */
	take(): number {
		if (this.#free.length === 0) this.#collect();
		if (this.#free.length === 0) this.#allocate();
		const record = this.#free.pop();
		if (record === undefined) return -1;
		this.#memory.bytes.fill(0, record, record + RECORD_BYTES);
		Atomics.store(this.#memory.ints, (record + RECORD.state) >> 2, RECORD_TAKEN);
		return record;
	}

	/** The thread was told to give a record back. */
	leave(record: number): void {
		this.#leaving.push(record);
	}

	/** A record that no thread was told about. */
	give(record: number): void {
		this.#memory.bytes.fill(0, record, record + RECORD_BYTES);
		this.#free.push(record);
	}

	#collect(): void {
		const leaving: number[] = [];
		for (const record of this.#leaving) {
			const state = Atomics.load(this.#memory.ints, (record + RECORD.state) >> 2);
			(state === RECORD_FREE ? this.#free : leaving).push(record);
		}
		this.#leaving = leaving;
	}

	#allocate(): void {
		const block = this.#pool.allocate(BLOCK_BYTES);
		if (block < 0) return;
		this.#blocks.push(block);
		for (let at = 0; at + RECORD_BYTES <= BLOCK_BYTES; at += RECORD_BYTES) this.#free.push(block + at);
	}

	/** Gives all memory back: no thread uses it any more. */
	close(): void {
		for (const block of this.#blocks.splice(0)) this.#pool.retire(block);
		this.#free = [];
		this.#leaving = [];
	}
}
