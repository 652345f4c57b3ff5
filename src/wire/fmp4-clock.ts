import type { Frame } from "../media/frame.ts";
import { distance32, type Millis } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import { DecodeClock } from "./decode-clock.ts";
import type { SampleTimes } from "./fmp4.ts";

/** The first frame's time: what is decoded or shown before it must not be below 0. */
const BEGIN_S = 10;
/** A step back by more than pictures are reordered, or so far forward, is another publisher's clock. */
const BACK_S = 1;
const FORWARD_S = 10;
/** The longest that a frame is said to last, and what the first one is said to last. */
const MOST_DURATION_S = 1;
const FIRST_DURATION_S = 1 / 30;

interface TrackClock {
	readonly rate: number;
	readonly video: boolean;
	/** The last frame: its ticks as the publisher counts, its time in ours, and when it came. */
	last: { readonly ticks: number; readonly pts: number; readonly at: Millis } | undefined;
	readonly decode: DecodeClock;
	dts: number;
	duration: number;
}

/**
 * The times of one reader's frames: all tracks on one clock, in ticks of each track, decoding times always rising. A
 * publisher's clock that jumps goes on with wall time.
 */
export class Fmp4Clock {
	readonly #frameMs: (frame: Frame) => number;
	readonly #tracks: readonly TrackClock[];
	/** The first frame's time on the common clock, in milliseconds. */
	#from: number | undefined;

	/** @param frameMs when a frame was sampled, in milliseconds on one clock for all tracks. */
	constructor(tracks: readonly Track[], frameMs: (frame: Frame) => number) {
		this.#frameMs = frameMs;
		this.#tracks = tracks.map(({ clockRate: rate, kind }) => {
			const duration = Math.round(rate * FIRST_DURATION_S);
			return { rate, video: kind === "video", last: undefined, decode: new DecodeClock(), dts: -1, duration };
		});
	}

	/** Looks at the frames that are sent at once, to learn how far the pictures are reordered. */
	learn(burst: readonly Frame[]): void {
		for (const frame of burst) {
			const track = this.#tracks[frame.track];
			if (track?.video && frame.dts === undefined) track.decode.learn(frame.pts);
		}
		for (const { decode } of this.#tracks) decode.restart();
	}

	/** The times of a frame: of each track in the order of decoding. */
	at(frame: Frame, now: Millis): SampleTimes {
		const track = this.#tracks[frame.track]!;
		const pts = this.#shownAt(track, frame, now);
		const decoded = !track.video
			? pts
			: frame.dts === undefined
				? track.decode.next(pts)
				: pts - (frame.pts - frame.dts);
		const step = decoded - track.dts;
		// Browsers take a larger step than this for a gap, after which they want a key frame.
		const most = frame.key || track.dts < 0 ? step : 2 * track.duration;
		if (track.dts >= 0 && step > 1) track.duration = Math.min(step, track.rate * MOST_DURATION_S);
		track.dts += Math.max(1, Math.min(step, most));
		return { dts: track.dts, pts, duration: track.duration };
	}

	#shownAt(track: TrackClock, frame: Frame, now: Millis): number {
		const { rate, last } = track;
		const step = last ? distance32(frame.pts, last.ticks) : 0;
		const passed = last ? now - last.at : 0;
		const jumped = step < -BACK_S * rate || step > FORWARD_S * rate + (passed * rate) / 1000;
		if (jumped) track.decode.restart();
		const pts = last ? last.pts + (jumped ? Math.round((passed * rate) / 1000) : step) : this.#first(rate, frame);
		track.last = { ticks: frame.pts, pts, at: now };
		return pts;
	}

	#first(rate: number, frame: Frame): number {
		const ms = this.#frameMs(frame);
		this.#from ??= ms;
		return Math.max(0, Math.round(((ms - this.#from) / 1000 + BEGIN_S) * rate));
	}
}
