/** Pictures that an H.264 or H.265 stream may hold back to show them in another order. */
const MOST_REORDERED = 16;

/**
 * Decoding times for pictures whose publisher told only when they are shown: the times of showing in their order, as
 * late as the stream needs. What it needs is learned from the pictures that came before.
 */
export class DecodeClock {
	/** How many pictures were decoded before and are shown after another one, at most. */
	#depth = 0;
	/** Times of showing of the last pictures, in their order. */
	readonly #shown: number[] = [];

	/** The decoding time of the picture that is shown at `pts`, in the same unit; never after it. */
	next(pts: number): number {
		const shown = this.#shown;
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
		this.#shown.length = 0;
	}
}
