import { BLOCK_BYTES, type Pool } from "../pool.ts";
import { RECORD, RECORD_BYTES, RECORD_FREE, RECORD_TAKEN } from "./layout.ts";
import type { Memory } from "./memory.ts";

/** Whoever uses a record: gone, or it says itself that it is through with it. */
interface User {
	readonly ended: boolean;
}

interface Leaving {
	readonly record: number;
	readonly user: User;
}

/** Memory for the records of destinations: small pieces of the pool's blocks, used again after a thread freed them. */
export class Records {
	readonly #pool: Pool;
	readonly #memory: Memory;
	readonly #blocks: number[] = [];
	#free: number[] = [];
	/** Records that threads have yet to give back. */
	#leaving: Leaving[] = [];

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

	/** Its user was told to give a record back. */
	leave(record: number, user: User): void {
		this.#leaving.push({ record, user });
	}

	/** A record that no thread was told about. */
	give(record: number): void {
		this.#memory.bytes.fill(0, record, record + RECORD_BYTES);
		this.#free.push(record);
	}

	#collect(): void {
		this.#leaving = this.#leaving.filter(({ record, user }) => {
			const isUsed = !user.ended && Atomics.load(this.#memory.ints, (record + RECORD.state) >> 2) !== RECORD_FREE;
			if (!isUsed) this.#free.push(record);
			return isUsed;
		});
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
