import type { Millis } from "../../media/time.ts";

/** A link that had something unsent for this long is behind. */
const BEHIND_MS = 600;
/** A second key frame is not asked for before this time is over. */
const ASK_AGAIN_MS = 1000;

/** What to do with a frame. */
export type Verdict = "send" | "drop" | "drop and ask for a key frame";

/**
 * Decides which frames leave when the link is slower than the camera: as soon as it is behind nothing more is sent until
 * all has left, and then on from a key frame. So what arrives is whole pictures, never older than a second or so. Pure.
 */
export class Gate {
	#waiting = true;
	#busySince: Millis | undefined;
	#askedAt: Millis = Number.NEGATIVE_INFINITY;
	#dropped = 0;

	/** Frames that were not sent so far. */
	get dropped(): number {
		return this.#dropped;
	}

	/**
	 * @param key whether decoding can start at this frame.
	 * @param pending bytes that were sent before and have not left.
	 */
	judge(key: boolean, pending: number, now: Millis): Verdict {
		if (pending === 0) this.#busySince = undefined;
		else this.#busySince ??= now;
		if (this.#busySince !== undefined && now - this.#busySince >= BEHIND_MS) this.#waiting = true;
		const ready = pending === 0;
		if (!this.#waiting || (key && ready)) {
			this.#waiting = false;
			return "send";
		}
		this.#dropped += 1;
		if (!ready || now - this.#askedAt < ASK_AGAIN_MS) return "drop";
		this.#askedAt = now;
		return "drop and ask for a key frame";
	}
}
