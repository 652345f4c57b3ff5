/** Lets so many things be under way at once; what comes up beyond that waits, in its order. */
export class Flight {
	#free: number;
	readonly #waiting: (() => void)[] = [];

	/** `most`: at once, at least 1. */
	constructor(most: number) {
		this.#free = most;
	}

	/** Begins at once where there is room. Gives what the work gives. */
	async take<T>(work: () => Promise<T>): Promise<T> {
		if (this.#free > 0) this.#free -= 1;
		else await new Promise<void>((resolve) => this.#waiting.push(resolve));
		try {
			return await work();
		} finally {
			const next = this.#waiting.shift();
			if (next) next();
			else this.#free += 1;
		}
	}
}
