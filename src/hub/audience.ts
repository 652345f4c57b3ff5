import type { Millis } from "../media/time.ts";
import type { Reader } from "./reader.ts";

/** Serves many readers at once with each batch: the sender of `net`. */
export interface Fan {
	/** Packets below number `to` are complete. */
	batch(to: number): void;
	close(): void;
}

/** Who reads a stream, and who is called with each batch of its packets. */
export class Audience {
	readonly #readers = new Set<Reader>();
	#size = 0;
	/** The readers that are called with each batch; an array, because it is walked for every one. */
	#called: Reader[] = [];
	#fans: Fan[] = [];

	/** All readers, the passive ones among them. */
	get readers(): ReadonlySet<Reader> {
		return this.#readers;
	}

	/** How many there are without the passive ones. */
	get size(): number {
		return this.#size;
	}

	/** Whether anybody takes packets. */
	get takesPackets(): boolean {
		return this.#called.length + this.#fans.length > 0;
	}

	add(reader: Reader): void {
		this.#readers.add(reader);
		if (!reader.info.passive) this.#size++;
		if (reader.called) this.#called = [...this.#called, reader];
	}

	/** False where the reader was not there. */
	remove(reader: Reader): boolean {
		if (!this.#readers.delete(reader)) return false;
		if (!reader.info.passive) this.#size--;
		this.#called = this.#called.filter((one) => one !== reader);
		return true;
	}

	/** Calls a fan-out with each batch until the returned function is called. */
	attach(fan: Fan): () => void {
		this.#fans = [...this.#fans, fan];
		return () => {
			this.#fans = this.#fans.filter((one) => one !== fan);
		};
	}

	/** Packets below number `to` are complete: calls whoever takes packets. */
	batch(to: number, now: Millis): void {
		for (let i = 0; i < this.#fans.length; i++) this.#fans[i]!.batch(to);
		for (let i = this.#called.length - 1; i >= 0; i--) this.#called[i]!.notify(now);
	}

	/** Ends all readers with a reason. */
	end(reason: string): void {
		for (const reader of [...this.#readers]) reader.end(reason);
	}
}
