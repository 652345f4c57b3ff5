import type { Frame } from "../../media/frame.ts";
import { distance32 } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";

/** How fast a track's times move to where they should be: this part of what passes. */
const SLEW = 0.1;
/** What is farther away is a jump of the publisher's clock. */
const JUMP_MS = 1000;

/**
 * When frames are shown: what is known of the tracks' common clock gets better while packets and sender reports come, but
 * a player can take back nothing. So each track's times run on by its own timestamps, and move slowly.
 */
export class SteadyClock {
	readonly #rates: readonly number[];
	readonly #newest: ({ readonly pts: number; readonly ms: number } | undefined)[] = [];

	constructor(tracks: readonly Track[]) {
		this.#rates = tracks.map(({ clockRate }) => clockRate);
	}

	/** The time of a frame that was sampled at `ms`, as far as is known now. */
	at({ track, pts }: Frame, ms: number): number {
		const newest = this.#newest[track];
		const step = newest ? (distance32(pts, newest.pts) * 1000) / this.#rates[track]! : 0;
		const ahead = newest ? newest.ms + step - ms : 0;
		const jumped = !newest || Math.abs(ahead) > JUMP_MS;
		const most = SLEW * Math.max(0, step);
		const steady = jumped ? ms : newest.ms + step - Math.max(-most, Math.min(most, ahead));
		if (jumped || step > 0) this.#newest[track] = { pts, ms: steady };
		return steady;
	}
}
