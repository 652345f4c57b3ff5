import type { Millis } from "../../media/time.ts";
import type { KeyFlag, SequenceRange } from "./packet.ts";
import { WINDOW_PACKETS } from "./receive-buffer.ts";
import { sequenceAfter, sequenceDistance } from "./sequence.ts";

const SLOT_MASK = WINDOW_PACKETS - 1;

/** A packet that has not been acknowledged. */
export interface Kept {
	/** As it goes over the network: encrypted where it is. Never changes. */
	readonly payload: Uint8Array;
	readonly key: KeyFlag;
	readonly message: number;
	/** Of its head: when it was first sent. */
	readonly timestamp: number;
	/** When it was first sent. */
	readonly at: Millis;
	/** When it was last sent. */
	sentAt: Millis;
}

/** Keeps what was sent until it is acknowledged or too old (draft-sharabayko-srt sections 4.6 and 4.8). Pure. */
export class SendBuffer {
	/** Packets that were given up before they were acknowledged. */
	dropped = 0;
	/** Made with the first packet: who only publishes gets none. */
	#kept: (Kept | undefined)[] = [];
	/** The oldest that has not been acknowledged. */
	#first: number;
	#next: number;

	constructor(initial: number) {
		this.#first = initial;
		this.#next = initial;
	}

	/** Number of the next packet. */
	get next(): number {
		return this.#next;
	}

	/** Packets on the way. */
	get length(): number {
		return sequenceDistance(this.#first, this.#next);
	}

	/** When the oldest was first sent; undefined where nothing is on the way. */
	get oldest(): Millis | undefined {
		return this.#kept[this.#first & SLOT_MASK]?.at;
	}

	/** Keeps the packet numbered `next`. There must be room. */
	push(kept: Kept): void {
		if (this.#kept.length === 0) this.#kept = new Array(WINDOW_PACKETS).fill(undefined);
		this.#kept[this.#next & SLOT_MASK] = kept;
		this.#next = sequenceAfter(this.#next);
	}

	/** Everything before `next` has come. False where that was never sent. */
	acknowledge(next: number): boolean {
		const count = sequenceDistance(this.#first, next);
		if (count > this.length) return false;
		for (let i = 0; i < count; i++) this.#shift();
		return true;
	}

	/** Gives up what was first sent before `time`. */
	dropBefore(time: Millis): void {
		for (let at = this.oldest; at !== undefined && at < time; at = this.oldest) {
			this.#shift();
			this.dropped++;
		}
	}

	/** A packet that is kept. */
	find(sequence: number): Kept | undefined {
		const ahead = sequenceDistance(this.#first, sequence);
		return ahead < 0 || ahead >= this.length ? undefined : this.#kept[sequence & SLOT_MASK];
	}

	/** The part of a range that is not kept any more; undefined where all of it is, or was never sent. */
	gone({ from, to }: SequenceRange): SequenceRange | undefined {
		if (sequenceDistance(from, this.#first) <= 0 || sequenceDistance(from, to) < 0) return undefined;
		const last = sequenceAfter(this.#first, -1);
		return { from, to: sequenceDistance(to, last) < 0 ? to : last };
	}

	/** The part of a range that is kept. */
	kept({ from, to }: SequenceRange): SequenceRange | undefined {
		const begin = sequenceDistance(this.#first, from) < 0 ? this.#first : from;
		const last = sequenceAfter(this.#next, -1);
		const end = sequenceDistance(to, last) < 0 ? last : to;
		return sequenceDistance(begin, end) < 0 || this.length === 0 ? undefined : { from: begin, to: end };
	}

	#shift(): void {
		this.#kept[this.#first & SLOT_MASK] = undefined;
		this.#first = sequenceAfter(this.#first);
	}
}
