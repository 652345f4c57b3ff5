/** How many connections each user has. Pure. */
export class Headcount {
	readonly #most: number;
	readonly #here = new Map<string, number>();

	/** `most`: of each. */
	constructor(most: number) {
		this.#most = most;
	}

	/** Whether there is room for one more; `replaces`: it takes the place of one of them. */
	hasRoom(identity: string, replaces: boolean): boolean {
		return (this.#here.get(identity) ?? 0) - Number(replaces) < this.#most;
	}

	/** Counts one more. Gives what takes it off again, to be called once. */
	enter(identity: string): () => void {
		this.#here.set(identity, (this.#here.get(identity) ?? 0) + 1);
		return () => {
			const left = (this.#here.get(identity) ?? 0) - 1;
			if (left > 0) this.#here.set(identity, left);
			else this.#here.delete(identity);
		};
	}
}
