/** Pictures that an H.264 or H.265 stream may hold back to show them in another order. */
const MOST_REORDERED = 16;

/**
 * Decoding times for pictures whose publisher told only when they are shown: the times of showing in their order, as
 * late as the stream needs. What it needs is learned from the pictures that came before.
 */
export class DecodeClock {
	/** How many pictures were decoded before and are shown after another one, at most. */
	#depth = 0;
	/** The least time between two of them; 0 where it is not known. */
	#interval = 0;
	/** Times of showing of the last pictures, in their order. */
	readonly #shown: number[] = [];

	/** The decoding time of the picture that is shown at `pts`, in the same unit; never after it. */
	next(pts: number): number {
		const shown = this.#shown;
		// Where it begins, as many pictures are taken to have come before as are reordered.
		if (shown.length === 0 && this.#interval > 0) {
			for (let i = this.#depth; i > 0; i--) shown.push(pts - i * this.#interval);
		}
		let at = shown.length;
		while (at > 0 && shown[at - 1]! > pts) at--;
		this.#depth = Math.max(this.#depth, shown.length - at);
		shown.splice(at, 0, pts);
		if (shown.length > MOST_REORDERED + 1) shown.shift();
		return shown[Math.max(0, shown.length - 1 - this.#depth)]!;
	}

	/** Looks at a picture without giving it a time. */
	learn(pts: number): void {
		this.next(pts);
	}

	/** The stream goes on from another time. What it needs stays known. */
	restart(): void {
		this.#interval ||= leastStep(this.#shown);
		this.#shown.length = 0;
	}
}

function leastStep(sorted: readonly number[]): number {
	let least = 0;
	for (let i = 1; i < sorted.length; i++) {
		const step = sorted[i]! - sorted[i - 1]!;
		if (step > 0 && (least === 0 || step < least)) least = step;
	}
	return least;
}
