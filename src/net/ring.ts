import type { Millis } from "../media/time.ts";
import { BLOCK_BYTES, type Pool } from "./pool.ts";

/** The entry of a packet: eight 32-bit words, so that a thread reads it with plain loads. */
const ENTRY_BYTES = 32;
export const ENTRY_WORDS = ENTRY_BYTES / 4;
/** Word 0: offset of the packet in the pool, in bytes. */
export const ENTRY_OFFSET = 0;
/** Word 1: length in bytes (bits 0–15), track (16–23), flags (24–31). */
export const ENTRY_INFO = 1;
/** Word 2: the track's sequence number, extended to 32 bits; its lower half is the one in the packet. */
export const ENTRY_SEQUENCE = 2;
/** Word 3: RTP timestamp. */
export const ENTRY_TIMESTAMP = 3;
/** Word 4: arrival, in milliseconds of the process's monotonic clock (its lower 32 bits). */
export const ENTRY_ARRIVAL = 4;
/** Word 5: the packet's number in its stream (its lower 32 bits): a thread sees that an entry was used again. */
export const ENTRY_NUMBER = 5;

/** The packet is the last one of its access unit. */
export const FLAG_LAST = 1;
/** The packet is the first one of an access unit at which decoding can start. */
export const FLAG_KEY = 2;
/** The packet is the first one of its access unit. */
export const FLAG_FIRST = 4;

/** RTP without contributing sources and header extensions: what the ring holds. */
export const RTP_HEADER_BYTES = 12;

const FIRST_ENTRIES = BLOCK_BYTES / ENTRY_BYTES;

export interface RingLimits {
	/** Most bytes that are kept. */
	readonly bytes: number;
	/** Oldest packet that is kept for joining readers. */
	readonly ageMs: Millis;
	/** How long packets are kept for repair, key frame or not. */
	readonly historyMs: Millis;
}

/**
 * The packets of one stream in shared memory, all tracks in the order of their arrival, numbered from 0. Each is a
 * whole RTP packet with a header of 12 bytes. One writer (the hub); the sender threads read entries and bytes by number.
 */
export class PacketRing {
	readonly pool: Pool;
	readonly #limits: RingLimits;
	/** Blocks in use, oldest first, with the number of the last packet in each. */
	readonly #blocks: { offset: number; last: number }[] = [];
	#table: number;
	#capacity = FIRST_ENTRIES;
	#at = 0;
	#end = 0;
	#bytes = 0;
	#head = 0;
	#tail = 0;
	/** Where readers may start, and where those that joined lately have started; the newest last. */
	readonly #joins: number[] = [];

	/** Throws a RangeError where the pool has no memory left. */
	constructor(pool: Pool, limits: RingLimits) {
		this.pool = pool;
		this.#limits = limits;
		this.#table = pool.allocate(FIRST_ENTRIES * ENTRY_BYTES);
		if (this.#table < 0) throw new RangeError("no media memory left for another stream");
	}

	/** Number of the next packet. */
	get head(): number {
		return this.#head;
	}

	/** Number of the oldest packet that is kept. */
	get tail(): number {
		return this.#tail;
	}

	/** Number of the first packet of the newest access unit at which decoding can start, or −1. */
	get join(): number {
		const { length } = this.#joins;
		return length > 0 ? this.#joins[length - 1]! : -1;
	}

	/** Offset of the table of entries in the pool, in bytes. It changes when the ring grows. */
	get table(): number {
		return this.#table;
	}

	/** Entries in the table: a power of two. The entry of packet `n` is at `n % capacity`. */
	get capacity(): number {
		return this.#capacity;
	}

	/** Bytes of the packets that are kept. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Index of the first word of a packet's entry in `pool.words`. */
	entry(number: number): number {
		return (this.#table >> 2) + (number & (this.#capacity - 1)) * ENTRY_WORDS;
	}

	/**
	 * Makes room for a packet of at most `size` bytes (not above 65,536) and returns where in `pool.bytes` it must be
	 * written, or −1 where the pool is used up. `commit` makes it a packet.
	 */
	reserve(size: number): number {
		if (this.#at + size > this.#end && !this.#open()) return -1;
		if (this.#head - this.#tail >= this.#capacity >> 1 && !this.#grow()) return -1;
		return this.#at;
	}

	/** Adds the packet that was written where the last `reserve` said. */
	commit(length: number, track: number, flags: number, sequence: number, timestamp: number, now: Millis): void {
		const words = this.pool.words;
		const at = this.entry(this.#head);
		words[at + ENTRY_OFFSET] = this.#at;
		words[at + ENTRY_INFO] = length | (track << 16) | (flags << 24);
		words[at + ENTRY_SEQUENCE] = sequence;
		words[at + ENTRY_TIMESTAMP] = timestamp;
		words[at + ENTRY_ARRIVAL] = now;
		words[at + ENTRY_NUMBER] = this.#head;
		const block = this.#blocks[this.#blocks.length - 1];
		if (block) block.last = this.#head;
		this.#at += length;
		this.#bytes += length;
		this.#head++;
	}

	/** Says that readers may start at packet `number` from now on; −1: nowhere. */
	setJoin(number: number): void {
		if (number < 0) this.#joins.length = 0;
		else if (number !== this.join) this.#joins.push(number);
	}

	/**
	 * Lets go of what is neither needed for joining nor for repair, and of whatever is above the limits. Costs nothing
	 * where there is nothing to let go.
	 */
	trim(now: Millis): void {
		const { join } = this;
		if (join >= 0 && join < this.#head && this.age(join, now) > this.#limits.ageMs) this.setJoin(-1);
		const keep = this.#keep(now);
		while (this.#tail < this.#head) {
			const over = this.#bytes > this.#limits.bytes;
			if (!over && (this.#tail >= keep || this.age(this.#tail, now) <= this.#limits.historyMs)) break;
			this.#drop();
		}
		while (this.#blocks.length > 1 && (this.#blocks[0]?.last ?? 0) < this.#tail) {
			const block = this.#blocks.shift();
			if (block) this.pool.retire(block.offset);
		}
	}

	/** Milliseconds since packet `number` arrived. */
	age(number: number, now: Millis): Millis {
		return (now - (this.pool.words[this.entry(number) + ENTRY_ARRIVAL] ?? 0)) | 0;
	}

	/** Gives all memory back. The ring cannot be used any more. */
	close(): void {
		for (const block of this.#blocks) this.pool.retire(block.offset);
		this.#blocks.length = 0;
		this.pool.retire(this.#table);
		this.#tail = this.#head;
		this.setJoin(-1);
		this.#end = 0;
	}

	/**
	 * The first packet that joining readers need, or those that have just joined: what was sent to them a moment before a
	 * key frame may be old, and they may still ask for it again.
	 */
	#keep(now: Millis): number {
		const joins = this.#joins;
		while (joins.length > 1 && joins[1]! < this.#head && this.age(joins[1]!, now) > this.#limits.historyMs)
			joins.shift();
		return joins[0] ?? this.#head;
	}

	#drop(): void {
		this.#bytes -= (this.pool.words[this.entry(this.#tail) + ENTRY_INFO] ?? 0) & 0xffff;
		this.#tail++;
		if ((this.#joins[0] ?? this.#tail) < this.#tail) this.#joins.shift();
	}

	#open(): boolean {
		const offset = this.pool.allocate(BLOCK_BYTES);
		if (offset < 0) return false;
		this.#blocks.push({ offset, last: this.#head - 1 });
		this.#at = offset;
		this.#end = offset + BLOCK_BYTES;
		return true;
	}

	/** Twice as many entries. The old table stays as it is for the threads that still read it. */
	#grow(): boolean {
		const capacity = this.#capacity * 2;
		const table = this.pool.allocate(capacity * ENTRY_BYTES);
		if (table < 0) return false;
		const words = this.pool.words;
		for (let number = this.#tail; number < this.#head; number++) {
			const from = this.entry(number);
			words.copyWithin((table >> 2) + (number & (capacity - 1)) * ENTRY_WORDS, from, from + ENTRY_WORDS);
		}
		this.pool.retire(this.#table);
		this.#table = table;
		this.#capacity = capacity;
		return true;
	}
}

/** Adds a flag to a packet that is in the ring. */
export function setFlag(ring: PacketRing, number: number, flag: number): void {
	const words = ring.pool.words;
	const at = ring.entry(number) + ENTRY_INFO;
	words[at] = (words[at] ?? 0) | (flag << 24);
}
