import type { Millis } from "../../media/time.ts";

/**
 * The relay's clock as the robot knows it: told at each birth, and kept against the robot's own monotonic clock, because
 * a machine without a battery boots in 1970. Pure.
 */
export class RelayClock {
	/** Unix milliseconds of the relay at the zero of the robot's clock; undefined until it was told. */
	#zero: number | undefined;

	/** The relay said that it is `unix` (ms). What the answer took on its way makes orders seem younger, by that much. */
	told(unix: number, now: Millis): void {
		this.#zero = unix - now;
	}

	/** Whether something that expires at `unix` (ms) of the relay is too late. Undefined where the time is not known yet. */
	isLate(unix: number, now: Millis): boolean | undefined {
		return this.#zero === undefined ? undefined : unix < this.#zero + now;
	}
}
