/** Names a native object: its slot in the lower 20 bits, the slot's generation above. 0 is none. */
export type Handle = number;

const SLOTS = 2 ** 20;

/**
 * Native objects in slots with generations, so that nothing is used after it was freed, or freed twice: an old handle
 * finds another generation in its slot.
 */
export class HandleTable {
	readonly #release: (pointer: number) => void;
	readonly #pointers: number[] = [];
	readonly #generations: number[] = [];
	readonly #vacant: number[] = [];

	constructor(release: (pointer: number) => void) {
		this.#release = release;
	}

	/** Objects that are not freed yet. */
	get size(): number {
		return this.#pointers.length - this.#vacant.length;
	}

	/** Takes over a pointer. Throws where it is null (OpenSSL had no memory) or all slots are taken. */
	add(pointer: number): Handle {
		if (pointer === 0) throw new Error("OpenSSL gave no object");
		const slot = this.#vacant.pop() ?? this.#pointers.length;
		if (slot >= SLOTS) throw new Error(`more than ${SLOTS} native objects`);
		this.#pointers[slot] = pointer;
		const generation = (this.#generations[slot] ?? 0) + 1;
		this.#generations[slot] = generation;
		return generation * SLOTS + slot;
	}

	/** The pointer, or 0 where the object was freed. */
	get(handle: Handle): number {
		const slot = handle % SLOTS;
		return this.#generations[slot] === Math.floor(handle / SLOTS) ? (this.#pointers[slot] ?? 0) : 0;
	}

	/** Frees the object. Does nothing the second time. */
	free(handle: Handle): void {
		const pointer = this.get(handle);
		if (pointer === 0) return;
		const slot = handle % SLOTS;
		this.#pointers[slot] = 0;
		this.#vacant.push(slot);
		this.#release(pointer);
	}
}
