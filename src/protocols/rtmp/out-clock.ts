import type { Frame } from "../../media/frame.ts";
import { distance32, type Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { DecodeClock } from "../../wire/decode-clock.ts";
import type { MessageTimes } from "./media-writer.ts";

/** A step back by more than pictures are reordered, or so far forward, is another publisher's clock. */
const BACK_MS = 1000;
const FORWARD_MS = 10_000;
/** What a picture of the burst takes of the player's time. */
const PRESSED_MS = 1;

interface TrackClock {
	readonly rate: number;
	readonly video: boolean;
	readonly decode: DecodeClock;
	/** The publisher tells decoding times. */
	told: boolean;
	/** The last frame: its ticks, its time on the common clock, and when it came. */
	last: { pts: number; ms: number; at: Millis } | undefined;
	dts: number;
}

/**
 * The timestamps towards one peer: they begin at 0, all tracks on one clock. Pictures that a player joins with are
 * pressed together to a millisecond each, because players keep the age of what they got first as their delay for ever.
 */
export class OutClock {
	readonly #frameMs: (frame: Frame) => number;
	readonly #tracks: readonly TrackClock[];
	/** The burst: from when to when on the common clock, and how long it is towards the player. */
	#from: number | undefined;
	#to = 0;
	#span = 0;

	/** @param frameMs when a frame was sampled, in milliseconds on one clock for all tracks. */
	constructor(tracks: readonly Track[], frameMs: (frame: Frame) => number) {
		this.#frameMs = frameMs;
		this.#tracks = tracks.map(({ clockRate: rate, kind }) => {
			const video = kind === "video";
			return { rate, video, decode: new DecodeClock(), told: false, last: undefined, dts: -1 };
		});
	}

	/** The frames that are sent at once, all before any other; whoever sends them leaves sound out where there are pictures. */
	join(burst: readonly Frame[]): void {
		const pictures = burst.filter(({ track }) => this.#tracks[track]?.video);
		for (const frame of pictures) {
			const track = this.#tracks[frame.track]!;
			track.told ||= frame.dts !== undefined;
			track.decode.learn(frame.pts);
		}
		for (const { decode } of this.#tracks) decode.restart();
		const [first, last] = [pictures[0], pictures.at(-1)];
		if (!first || !last) return;
		const behind = first.dts === undefined ? 0 : first.pts - first.dts;
		this.#from = this.#frameMs(first) - (behind * 1000) / this.#tracks[first.track]!.rate;
		this.#to = this.#frameMs(last);
		this.#span = Math.min(this.#to - this.#from, pictures.length * PRESSED_MS);
	}

	/** Whether a frame was sampled before the last picture of the burst. */
	isPast(frame: Frame): boolean {
		return this.#from !== undefined && this.#frameMs(frame) < this.#to;
	}

	/** The times of a frame: of each track in the order of decoding. */
	at(frame: Frame, now: Millis): MessageTimes {
		const track = this.#tracks[frame.track]!;
		const ms = this.#commonMs(track, frame, now);
		const pts = this.#towardsPeer(ms);
		const shown = this.#towardsPeer(ms - this.#decodedBefore(track, frame));
		const dts = Math.max(0, shown, track.video ? track.dts + 1 : track.dts);
		track.dts = dts;
		return { dts, pts: Math.max(dts, pts) };
	}

	/** Milliseconds by which a frame is decoded before it is shown. */
	#decodedBefore(track: TrackClock, { pts, dts }: Frame): number {
		if (!track.video) return 0;
		track.told ||= dts !== undefined;
		const ticks = track.told ? pts - (dts ?? pts) : pts - track.decode.next(pts);
		return (ticks * 1000) / track.rate;
	}

	/** The frame's time on the common clock; it runs on with wall time where a publisher's clock jumps. */
	#commonMs(track: TrackClock, frame: Frame, now: Millis): number {
		const last = track.last;
		const step = last ? (distance32(frame.pts, last.pts) * 1000) / track.rate : 0;
		const jumped = step < -BACK_MS || step > FORWARD_MS + (last ? now - last.at : 0);
		if (last && jumped) track.decode.restart();
		const ms = !last ? this.#frameMs(frame) : last.ms + (jumped ? now - last.at : step);
		track.last = { pts: frame.pts, ms, at: now };
		return ms;
	}

	#towardsPeer(ms: number): number {
		this.#from ??= this.#to = ms;
		const length = this.#to - this.#from;
		if (ms >= this.#to || length <= 0) return Math.round(ms - this.#to + this.#span);
		return Math.round(((ms - this.#from) * this.#span) / length);
	}
}
