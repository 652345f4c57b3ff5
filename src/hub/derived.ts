import type { Frame } from "../media/frame.ts";
import { distance32, type Millis } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import type { Clock } from "./clock.ts";
import { FrameReader } from "./frames.ts";
import type { Intake } from "./intake.ts";
import type { Stream } from "./stream.ts";

/** How long it goes on when the last reader is gone. */
const LINGER_MS = 5000;

/** Makes another codec's frames of a track's. The hub is given one by whoever can. */
export interface Transcoder {
	/** What can be made of a track, whose payload type is set by the hub, or why it cannot; undefined where nothing is. */
	target(track: Track): Target | undefined;
	/**
	 * Begins to make the one track of the other, for a path. `onBlock` is called with each block of sound and its time:
	 * that of the frames that were pushed, in ticks of `to`.
	 */
	start(path: string, from: Track, to: Track, onBlock: (block: Uint8Array, pts: number) => void): Transcoding;
}

/** What becomes of a track: another one, or a reason for people why it cannot. */
export type Target = { readonly track: Track } | { readonly reason: string };

/** A track that is being made. */
export interface Transcoding {
	/** The next frame of the source. */
	push(frame: Frame): void;
	stop(): void;
}

/** A track that can be made of the published one with index `from`. */
interface Made {
	readonly from: number;
	readonly track: Track;
}

export interface NotMade {
	readonly from: number;
	readonly reason: string;
}

/** Payload types that may be given (RFC 3551 section 6). */
const DYNAMIC_TYPES = Array.from({ length: 32 }, (_, i) => 96 + i);

/** What readers can be given besides the published tracks; nothing in a codec that is published. */
export function derivable(tracks: readonly Track[], transcoder: Transcoder | undefined): (Made | NotMade)[] {
	const found: (Made | NotMade)[] = [];
	const known = [...tracks];
	for (const [from, source] of tracks.entries()) {
		const target = transcoder?.target(source);
		if (!target) continue;
		if ("reason" in target) {
			found.push({ from, reason: target.reason });
			continue;
		}
		const payloadType = DYNAMIC_TYPES.find((type) => known.every((one) => one.payloadType !== type));
		if (payloadType === undefined || known.some(({ codec }) => codec === target.track.codec)) continue;
		const track = { ...target.track, payloadType };
		found.push({ from, track });
		known.push(track);
	}
	return found;
}

/** A track of a stream that is made of another one, once for all readers, and only while some reader takes it. */
export class DerivedTrack {
	/** Its index among all that readers can take. */
	readonly index: number;
	/** Its source's index. */
	readonly from: number;
	readonly track: Track;
	readonly intake: Intake;
	readonly #stream: Stream;
	readonly #transcoder: Transcoder;
	readonly #emit: (derived: DerivedTrack, frame: Frame) => void;
	#readers = 0;
	#transcoding: Transcoding | undefined;
	/** Takes the source's frames out of the packet lane. */
	#frames: FrameReader | undefined;
	#read = 0;
	/** Takes back that it ends; undefined while somebody takes it, and when it has ended. */
	#goOn: (() => void) | undefined;
	readonly #push = (frame: Frame): void => this.#transcoding?.push(frame);

	/** `emit` is called with each frame. */
	constructor(
		stream: Stream,
		index: number,
		{ from, track }: Made,
		intake: Intake,
		transcoder: Transcoder,
		emit: (derived: DerivedTrack, frame: Frame) => void,
	) {
		this.#stream = stream;
		this.index = index;
		this.track = track;
		this.intake = intake;
		this.from = from;
		this.#transcoder = transcoder;
		this.#emit = emit;
	}

	/** A reader takes it. */
	take(now: Millis): void {
		this.#readers++;
		this.#goOn?.();
		this.#goOn = undefined;
		if (!this.#transcoding) this.begin(now);
	}

	/** A reader that took it is gone. Who comes and goes does not begin it each time. */
	release(clock: Clock): void {
		this.#readers--;
		if (this.#readers === 0 && this.#transcoding) this.#goOn = clock.after(LINGER_MS, () => this.stop());
	}

	/** Another publisher begins, or the first reader is there. */
	begin(now: Millis): void {
		this.stop();
		if (this.#readers === 0) return;
		this.intake.begin(this.track, now);
		const source = this.#stream.tracks[this.from]!;
		const frame = { track: this.index, key: true };
		this.#transcoding = this.#transcoder.start(this.#stream.name, source, this.track, (block, pts) => {
			this.#emit(this, { ...frame, pts, units: [block] });
		});
	}

	stop(): void {
		this.#goOn?.();
		this.#goOn = undefined;
		this.#transcoding?.stop();
		this.#transcoding = undefined;
		this.#frames = undefined;
	}

	/** Packets were handed on: the source's frames among them are. */
	advance(): void {
		if (!this.#transcoding) return;
		const { ring, tracks, flushed } = this.#stream;
		if (!this.#frames) this.#frames = new FrameReader(ring, tracks, this.from);
		else this.#frames.read(this.#read, flushed, this.#push);
		this.#read = flushed;
	}

	/** A frame from a publisher that speaks frames. */
	feed(frame: Frame): void {
		if (frame.track === this.from) this.#transcoding?.push(frame);
	}

	/**
	 * Tells which wall time a frame stands for, that has been made into packets: the source's, so that what the making
	 * takes does not part sound and picture. `isFed` where the publisher speaks frames, whose times are its own.
	 */
	report({ pts }: Frame, isFed: boolean, now: Millis): void {
		const { clockRate } = this.#stream.tracks[this.from]!;
		const { timeline } = this.#stream.intakes[this.from]!;
		const sourcePts = Math.round((pts * clockRate) / this.track.clockRate) % 2 ** 32;
		const timestamp = isFed ? timeline.moved(sourcePts) : sourcePts;
		const pair = timeline.at(now);
		if (!pair) return;
		const unixMs = pair.unixMs + (distance32(timestamp, pair.timestamp) * 1000) / clockRate;
		this.intake.timeline.report(pts % 2 ** 32, unixMs, now);
	}
}
