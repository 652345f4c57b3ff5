import { native } from "./native.ts";

/** The unit of allocation. Nothing that is allocated crosses into another allocation. */
export const BLOCK_BYTES = 65_536;

/** Pointers into the pool are written as two 32-bit halves, of which the upper one never changes. */
const WINDOW_BYTES = 2 ** 32;

/**
 * Who may still read memory that was retired: the sender threads. Whatever a thread was told before `stamp()` was
 * taken it has finished with once `settled()` has reached that stamp.
 */
export interface Readers {
	stamp(): number;
	settled(): number;
}

const nobody: Readers = { stamp: () => 0, settled: () => 0 };

interface Retired {
	readonly offset: number;
	readonly stamp: number;
}

/**
 * The memory of all media: one shared block for the life of the process, so that its address never changes, nothing
 * can be collected under a pointer, and every thread sees the same bytes. The system commits its pages as they are
 * first touched. Not more than its size is ever used: that is the global budget.
 */
export class Pool {
	readonly shared: SharedArrayBuffer;
	readonly bytes: Buffer;
	readonly words: Uint32Array;
	/** Address of the first byte; 0 where there are no foreign functions. */
	readonly address: number;
	/** Blocks of each allocation, by its first block; 0 where none starts. */
	readonly #sizes: Uint16Array;
	readonly #taken: Uint8Array;
	#retired: Retired[] = [];
	#readers: Readers = nobody;
	#lowest = 0;
	#usedBlocks = 0;

	/** @param size bytes, rounded down to whole blocks; throws a RangeError below one block or at 4 GiB and above */
	constructor(size: number) {
		const blocks = Math.floor(size / BLOCK_BYTES);
		if (blocks < 1 || size >= WINDOW_BYTES) {
			throw new RangeError(`the media memory must be ${BLOCK_BYTES} to ${WINDOW_BYTES - 1} bytes, not ${size}`);
		}
		this.shared = allocate(blocks * BLOCK_BYTES);
		this.bytes = Buffer.from(this.shared);
		this.words = new Uint32Array(this.shared);
		this.address = native ? native.address(this.bytes) : 0;
		this.#sizes = new Uint16Array(blocks);
		this.#taken = new Uint8Array(blocks);
	}

	/** Bytes that are allocated, with those that were retired and are not settled yet. */
	get usedBytes(): number {
		return this.#usedBlocks * BLOCK_BYTES;
	}

	/** Tells the pool who may still read what is retired. */
	setReaders(readers: Readers): void {
		this.#readers = readers;
	}

	/**
	 * Offset in bytes of contiguous memory of at least `size` bytes, or −1 where the budget does not have it. The
	 * content is what was there before.
	 */
	allocate(size: number): number {
		const count = Math.ceil(size / BLOCK_BYTES);
		let first = this.#find(count);
		if (first < 0 && this.#reclaim() > 0) first = this.#find(count);
		if (first < 0) return -1;
		this.#taken.fill(1, first, first + count);
		this.#sizes[first] = count;
		this.#usedBlocks += count;
		return first * BLOCK_BYTES;
	}

	/** Gives memory back; it is used again when no thread can still read it. */
	retire(offset: number): void {
		this.#retired.push({ offset, stamp: this.#readers.stamp() });
		if (this.#retired.length >= 32) this.#reclaim();
	}

	#find(count: number): number {
		const taken = this.#taken;
		let run = 0;
		for (let block = this.#lowest; block < taken.length; block++) {
			run = taken[block] === 0 ? run + 1 : 0;
			if (run === count) {
				if (count === 1) this.#lowest = block + 1;
				return block - count + 1;
			}
		}
		return -1;
	}

	#reclaim(): number {
		const settled = this.#readers.settled();
		const held = this.#retired.filter((one) => one.stamp > settled);
		const freed = this.#retired.length - held.length;
		for (const one of this.#retired) if (one.stamp <= settled) this.#free(one.offset / BLOCK_BYTES);
		this.#retired = held;
		return freed;
	}

	#free(first: number): void {
		const count = this.#sizes[first] ?? 0;
		this.#taken.fill(0, first, first + count);
		this.#sizes[first] = 0;
		this.#usedBlocks -= count;
		if (first < this.#lowest) this.#lowest = first;
	}
}

/** A shared block that lies within one 4 GiB window. The ones that do not are given back by the collector. */
function allocate(size: number): SharedArrayBuffer {
	for (;;) {
		const shared = new SharedArrayBuffer(size);
		const start = native ? native.address(new Uint8Array(shared)) : 0;
		if (Math.floor(start / WINDOW_BYTES) === Math.floor((start + size) / WINDOW_BYTES)) return shared;
	}
}
