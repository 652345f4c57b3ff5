/** A report with so many characters of ids, and all else that it says, is short enough to be read. */
const MOST_CHARACTERS = 2500;
/** So many orders may wait for their answers. */
const MOST_WAITING = 1000;

/** The orders of one camera that are still to be answered: those of a storm share reports. Pure. */
export class Answers {
	readonly #waiting = new Set<string>();

	get isEmpty(): boolean {
		return this.#waiting.size === 0;
	}

	/** Of too many the oldest one is left out. */
	add(id: string): void {
		this.#waiting.delete(id);
		this.#waiting.add(id);
		if (this.#waiting.size > MOST_WAITING) this.#waiting.delete(this.#waiting.values().next().value!);
	}

	/** Gives those that the next report answers, the oldest first: all of them or as many as it has room for. */
	take(): readonly string[] {
		const taken: string[] = [];
		let characters = 0;
		for (const id of this.#waiting) {
			characters += JSON.stringify(id).length + 1;
			if (taken.length > 0 && characters > MOST_CHARACTERS) break;
			taken.push(id);
			this.#waiting.delete(id);
		}
		return taken;
	}
}
