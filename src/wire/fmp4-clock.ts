import type { Frame } from "../media/frame.ts";
import { distance32, type Millis } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import type { SampleTimes } from "./fmp4.ts";

/** The first frame's time: what is decoded or shown before it must not be below 0. */
const BEGIN_S = 10;
/** A step back by more than pictures are reordered, or so far forward, is another publisher's clock. */
const BACK_S = 1;
const FORWARD_S = 10;
/** The longest that a frame is said to last, and what the first one is said to last. */
const MOST_DURATION_S = 1;
const FIRST_DURATION_S = 1 / 30;
/** Pictures that an H.264 or H.265 stream may hold back to show them in another order. */
const MOST_REORDERED = 16;

interface TrackClock {
	readonly rate: number;
	readonly video: boolean;
	/** The last frame: its ticks as the publisher counts, its time in ours, and when it came. */
	last: { readonly ticks: number; readonly pts: number; readonly at: Millis } | undefined;
	/** Times of showing of the last pictures, in their order. */
	shown: number[];
	/** How many pictures were decoded before and are shown after another one, at most. */
	depth: number;
	/** The least time between two of them; 0 where it is not known. */
	interval: number;
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
			return { rate, video: kind === "video", last: undefined, shown: [], depth: 0, interval: 0, dts: -1, duration };
		});
	}

	/** Looks at the frames that are sent at once, to learn how far the pictures are reordered. */
	learn(burst: readonly Frame[]): void {
		for (const frame of burst) {
			const track = this.#tracks[frame.track];
			if (track?.video && frame.dts === undefined) reorder(track, frame.pts);
		}
		for (const track of this.#tracks) {
			track.interval = leastStep(track.shown);
			track.shown = [];
		}
	}

	/** The times of a frame: of each track in the order of decoding. */
	at(frame: Frame, now: Millis): SampleTimes {
		const track = this.#tracks[frame.track]!;
		const pts = this.#shownAt(track, frame, now);
		const decoded = !track.video ? pts : frame.dts === undefined ? reorder(track, pts) : pts - (frame.pts - frame.dts);
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
		if (jumped) track.shown = [];
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

/** A decoding time for a picture of which only the time of showing is known: those in their order, as late as needed. */
function reorder(track: TrackClock, pts: number): number {
	const { shown, depth, interval } = track;
	if (shown.length === 0) for (let i = depth; i > 0 && interval > 0; i--) shown.push(pts - i * interval);
	let at = shown.length;
	while (at > 0 && shown[at - 1]! > pts) at--;
	track.depth = Math.max(track.depth, shown.length - at);
	shown.splice(at, 0, pts);
	if (shown.length > MOST_REORDERED + 1) shown.shift();
	return shown[Math.max(0, shown.length - 1 - track.depth)]!;
}

function leastStep(sorted: readonly number[]): number {
	let least = 0;
	for (let i = 1; i < sorted.length; i++) {
		const step = sorted[i]! - sorted[i - 1]!;
		if (step > 0 && (least === 0 || step < least)) least = step;
	}
	return least;
}
