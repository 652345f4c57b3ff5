import type { FramePublisher } from "../../hub/frame-publisher.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { Demuxer } from "./demux.ts";
import type { Fetcher } from "./fetch.ts";
import { Pacer, type TimedFrame } from "./pacer.ts";
import { loadSegments } from "./segments.ts";

/** No more than this much is loaded before its time. */
const MOST_AHEAD_MS = 10_000;
/** The first frame after a discontinuity follows the last one before it by so much. */
const STEP_MS = 1000 / 30;
/** Added to all times: what is decoded before it is shown has no negative time. */
const BEGIN_MS = 10_000;
const FIRST_PAYLOAD_TYPE = 96;
/** So many segments of one list wait for the other list's first. */
const MOST_EARLY = 10;
/** So many discontinuities back, times are still told apart. */
const MOST_ERAS = 1000;

/** What is done with what comes. */
interface IncomingOptions {
	/** A picture of more bytes is an error. */
	readonly maxFrameBytes: number;
	/** Told of what is left out, by name. */
	readonly onLeftOut: (names: readonly string[]) => void;
}

/** One of the playlists that are loaded side by side. */
interface Lane {
	tracks: readonly Track[] | undefined;
	/** Index of its first track in the stream. */
	first: number;
	/** Frames of the present segment, their tracks as the lane counts. */
	frames: Frame[];
}

/** The segments of all renditions on their way into the hub, at the pace of their timestamps. */
export class HlsStream {
	readonly #hub: Hub;
	readonly #publisher: FramePublisher;
	readonly #options: IncomingOptions;
	readonly #onLive: () => void;
	readonly #fail: (error: unknown) => void;
	readonly #pacer = new Pacer();
	/** What is added to times between two discontinuities, in milliseconds. */
	readonly #eras = new Map<number, number>();
	#lanes: readonly Lane[] = [];
	/** The tracks that are published, as text. */
	#published = "";
	/** Lanes that were loaded before the tracks of all were known. */
	readonly #early: { readonly lane: Lane; readonly era: number; readonly live: boolean }[] = [];
	#lastMs = Number.NEGATIVE_INFINITY;
	#timer: NodeJS.Timeout | undefined;
	#wake: (() => void)[] = [];

	constructor(
		hub: Hub,
		publisher: FramePublisher,
		options: IncomingOptions,
		onLive: () => void,
		fail: (error: unknown) => void,
	) {
		this.#hub = hub;
		this.#publisher = publisher;
		this.#options = options;
		this.#onLive = onLive;
		this.#fail = fail;
	}

	/** Loads all side by side; each resolves when its playlist has ended. */
	load(fetcher: Fetcher, urls: readonly string[], signal: AbortSignal): Promise<void>[] {
		this.#lanes = urls.map(() => ({ tracks: undefined, first: 0, frames: [] }));
		return this.#lanes.map((lane, i) => this.#loadLane(lane, fetcher, urls[i]!, signal));
	}

	/** Resolves when all frames have left. */
	async drained(signal: AbortSignal): Promise<void> {
		while (this.#pacer.nextAt !== undefined && !signal.aborted) await this.#departure();
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#rouse();
	}

	async #loadLane(lane: Lane, fetcher: Fetcher, url: string, signal: AbortSignal): Promise<void> {
		const onTracks = (tracks: readonly Track[], leftOut: readonly string[]): void => {
			lane.tracks = tracks;
			lane.frames = [];
			if (leftOut.length > 0) this.#options.onLeftOut(leftOut);
		};
		const onFrame = (frame: Frame): void => void lane.frames.push(frame);
		const demuxer = new Demuxer({ onTracks, onFrame }, this.#options.maxFrameBytes);
		const room = async (): Promise<void> => {
			while (this.#pacer.span > MOST_AHEAD_MS && !signal.aborted) await this.#departure();
			signal.throwIfAborted();
		};
		for await (const { segment, init, bytes, live } of loadSegments(fetcher, url, room, signal)) {
			signal.throwIfAborted();
			demuxer.push(init, bytes, segment.era);
			if (lane.tracks) await this.#publish(signal);
			if (lane.tracks) this.#pace(lane, segment.era, live);
		}
	}

	/** Publishes when the tracks of all are known, and again when they have changed. */
	async #publish(signal: AbortSignal): Promise<void> {
		if (this.#lanes.some(({ tracks }) => tracks === undefined)) return;
		const all = this.#lanes.flatMap(({ tracks }) => tracks ?? []);
		const name = JSON.stringify(all);
		if (name === this.#published) return;
		if (all.length === 0) throw new Error("nothing of the stream can be passed on");
		const isFirst = this.#published === "";
		this.#published = name;
		// Where one list is loaded, what is before the change leaves first; with two there is always something.
		if (!isFirst && this.#lanes.length === 1) await this.drained(signal);
		else if (!isFirst) this.#pacer.clear();
		signal.throwIfAborted();
		let first = 0;
		for (const lane of this.#lanes) {
			lane.first = first;
			first += lane.tracks?.length ?? 0;
		}
		this.#publisher.publish(all.map((track, i) => ({ ...track, payloadType: FIRST_PAYLOAD_TYPE + i })));
		if (!isFirst) return;
		this.#onLive();
		for (const { lane, era, live } of this.#early.splice(0)) this.#pace(lane, era, live);
	}

	/** The frames of a segment take their turns. */
	#pace(lane: Lane, era: number, live: boolean): void {
		if (!this.#publisher.isLive) {
			// The other list's tracks are not known yet: its frames wait in the lane.
			if (this.#early.length >= MOST_EARLY)
				throw new Error(`${MOST_EARLY} segments without the other list's first one`);
			this.#early.push({ lane, era, live });
			return;
		}
		const { frames, tracks = [] } = lane;
		if (frames.length === 0) return;
		lane.frames = [];
		const timed = decodingTimes(frames, tracks);
		const offset = this.#offset(era, timed[0]?.ms);
		const lump = timed.map(({ frame, ms }) => ({ frame: moved(frame, offset, lane.first, tracks), ms: ms + offset }));
		for (const { ms } of lump) this.#lastMs = Math.max(this.#lastMs, ms);
		this.#pacer.push(lump, this.#hub.clock.now(), live);
		this.#arm();
	}

	/** Times go on behind a discontinuity, on all renditions alike. */
	#offset(era: number, firstMs = 0): number {
		const known = this.#eras.get(era);
		if (known !== undefined) return known;
		const offset = this.#eras.size === 0 ? BEGIN_MS : this.#lastMs + STEP_MS - firstMs;
		this.#eras.set(era, offset);
		if (this.#eras.size > MOST_ERAS) this.#eras.delete(this.#eras.keys().next().value!);
		return offset;
	}

	#arm(): void {
		clearTimeout(this.#timer);
		const at = this.#pacer.nextAt;
		if (at !== undefined) this.#timer = setTimeout(() => this.#leave(), Math.max(0, at - this.#hub.clock.now()));
	}

	#leave(): void {
		try {
			for (const { frame } of this.#pacer.take(this.#hub.clock.now() + 1)) this.#publisher.frame(frame);
		} catch (error) {
			this.#fail(error);
		}
		this.#arm();
		this.#rouse();
	}

	/** Resolves when frames have left. */
	#departure(): Promise<void> {
		return new Promise((resolve) => this.#wake.push(resolve));
	}

	#rouse(): void {
		const waiting = this.#wake;
		this.#wake = [];
		for (const wake of waiting) wake();
	}
}

/**
 * When each frame is decoded. Where that is not told it is known all the same: pictures are decoded in the order of their
 * times of showing, whichever of them is shown then.
 */
function decodingTimes(frames: readonly Frame[], tracks: readonly Track[]): TimedFrame[] {
	return tracks.flatMap(({ clockRate }, track) => {
		const own = frames.filter((frame) => frame.track === track);
		const times = own.map(({ pts, dts }) => ((dts ?? pts) * 1000) / clockRate).sort((a, b) => a - b);
		return own.map((frame, i) => ({ frame, ms: times[i]! }));
	});
}

/** The frame on the stream's clock and with the stream's number of its track. */
function moved(frame: Frame, ms: number, first: number, tracks: readonly Track[]): Frame {
	const ticks = Math.round((ms * tracks[frame.track]!.clockRate) / 1000);
	const { track, pts, dts } = frame;
	return { ...frame, track: first + track, pts: pts + ticks, ...(dts !== undefined && { dts: dts + ticks }) };
}
