/** Timestamps of a program, 33 bits of 90 kHz (ISO/IEC 13818-1 section 2.4.3.7), as ticks without end. Pure. */

const TURN = 2 ** 33;
/** Added to all, so that pictures shown before the first that came have no negative time. */
export const READ_FIRST_TICKS = 900_000;
/** Farther back or ahead than this, a sender has begun anew. */
const BACK_TICKS = -3 * 90_000;
const AHEAD_TICKS = 10 * 90_000;
/** For so long after a new beginning, what is left of the time before it is still understood. */
const STRAGGLERS_TICKS = 3 * 90_000;
/** The first picture after a new beginning follows the last one before it by so much. */
const STEP_TICKS = 3600;

interface Reference {
	readonly raw: number;
	readonly ticks: number;
}

/** One clock for all streams of a program: across wraps, and across a sender that begins anew, ticks run on. */
export class ProgramClock {
	#now: Reference | undefined;
	#before: Reference | undefined;
	#begunAt = 0;

	/** The ticks for a timestamp. */
	ticks(raw: number): number {
		const now = this.#now ?? { raw, ticks: raw + READ_FIRST_TICKS };
		this.#now ??= now;
		const distance = signed(raw - now.raw);
		if (distance > 0 && distance < AHEAD_TICKS) this.#now = { raw, ticks: now.ticks + distance };
		if (distance > BACK_TICKS && distance < AHEAD_TICKS) return now.ticks + distance;
		const straggler = this.#straggler(raw);
		if (straggler !== undefined) return straggler;
		this.#before = now;
		this.#now = { raw, ticks: now.ticks + STEP_TICKS };
		this.#begunAt = this.#now.ticks;
		return this.#now.ticks;
	}

	#straggler(raw: number): number | undefined {
		const before = this.#before;
		if (!before || this.#now!.ticks - this.#begunAt > STRAGGLERS_TICKS) return undefined;
		const distance = signed(raw - before.raw);
		return Math.abs(distance) < STRAGGLERS_TICKS ? before.ticks + distance : undefined;
	}
}

/** The shortest way on the circle. */
function signed(distance: number): number {
	const forward = ((distance % TURN) + TURN) % TURN;
	return forward >= TURN / 2 ? forward - TURN : forward;
}
