/** A part is about so long, a whole number of frames. */
const PART_S = 0.204;
/** With two frames at least, one that was dropped makes no frame longer than a part may be. */
const LEAST_FRAMES = 2;
/** Frames do not come evenly: so much longer than usual may a part be. */
const SLACK = 1.1;
/** A part that another one follows in its segment is to last so much of the target (RFC 8216bis section 4.4.4.9). */
const LEAST_SHARE = 0.85;
/** What is rounded in frames' times does not make a part one frame shorter. */
const ROUNDING = 1.02;

/**
 * How long the parts of a playlist are, in seconds: no part is longer than the target, but where one frame alone is.
 * Where the frames come as they did at first, each part is at least 85 % of the target; where no number of frames fits
 * between the two, a part is shorter. Pure.
 */
export class PartRule {
	/** Milliseconds are whole: it is announced with three digits. */
	readonly target: number;
	readonly #usual: number;

	/** `times`: when the frames of the first segment begin, and the last one ends. At least two. */
	constructor(times: readonly number[]) {
		const steps = times.slice(1).map((time, i) => time - times[i]!);
		const usualStep = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)]!;
		this.#usual = Math.max(LEAST_FRAMES, Math.floor(PART_S / usualStep)) * usualStep;
		this.target = Math.ceil(this.#usual * SLACK * 1000) / 1000;
	}

	/**
	 * How many of a segment's next frames are a part. `times`: when they begin, and the last one ends. 0 while more may
	 * have room.
	 */
	next(times: readonly number[]): number {
		for (let frames = 1; frames < times.length; frames++) {
			const duration = times[frames]! - times[0]!;
			// The frame that has turned out to be too long begins another part.
			if (duration > this.target) return Math.max(1, frames - 1);
			const step = times[frames]! - times[frames - 1]!;
			const isLong = duration >= this.target * LEAST_SHARE;
			if (isLong && duration + step > this.#usual * ROUNDING) return frames;
		}
		return 0;
	}
}
