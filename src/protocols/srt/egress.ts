import type { Reader } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Frame } from "../../media/frame.ts";
import type { Millis } from "../../media/time.ts";
import { canMux, MpegTsWriter } from "../../wire/mpegts-mux.ts";
import { MessageQueue } from "./message-queue.ts";
import type { Session } from "./session.ts";

/** What a picture of the burst takes of the player's time. */
const PRESSED_MS = 1;

/** The tracks of a stream that a player gets. */
export function playableTracks({ tracks }: Stream): number[] {
	return tracks.flatMap((track, index) => (canMux(track) ? [index] : []));
}

/**
 * Hands a stream to one player as a transport stream. While the connection has no room its frames wait in the hub, which
 * cuts them when they grow old.
 */
export class Egress {
	readonly #reader: Reader;
	readonly #writer: MpegTsWriter;
	/** The burst: from when to when, and how long it is towards the player. */
	#from = 0;
	#to = Number.NEGATIVE_INFINITY;
	#span = 0;
	/** Frames of the burst that have not been sent. */
	#burst: number;
	/** What is left of the last frame. */
	readonly #queue: MessageQueue;

	/** Begins to send, at the last key frame. */
	constructor(session: Session, reader: Reader, now: Millis) {
		this.#queue = new MessageQueue(session);
		this.#reader = reader;
		const { tracks, intakes } = reader.stream;
		const taken = tracks.map((track, index) => (reader.tracks.includes(index) ? track : undefined));
		this.#writer = new MpegTsWriter(taken, (track) => intakes[track]?.sets?.units ?? []);
		const burst = reader.frames?.frames ?? [];
		this.#burst = burst.length;
		this.#press(burst.filter(({ track }) => tracks[track]?.kind === "video"));
		this.pump(now);
	}

	/** Sends what waits, as far as there is room. */
	pump(now: Millis): void {
		while (this.#reader.active && this.#queue.drain(now)) {
			const frame = this.#reader.nextFrame();
			if (!frame) return;
			const isBurst = this.#burst > 0;
			if (isBurst) this.#burst--;
			// Sound of the past cannot be played faster.
			if (isBurst && this.#span > 0 && this.#reader.stream.tracks[frame.track]?.kind === "audio") continue;
			const ptsMs = this.#reader.stream.frameMs(frame);
			const { clockRate } = this.#reader.stream.tracks[frame.track]!;
			const dtsMs = frame.dts === undefined ? ptsMs : ptsMs - ((frame.pts - frame.dts) * 1000) / clockRate;
			const bytes = this.#writer.frame(frame, this.#towardsPlayer(ptsMs), this.#towardsPlayer(dtsMs));
			this.#queue.push(bytes);
			this.#reader.sentFrame(frame, bytes.length, now);
		}
	}

	/** Players keep the age of what they got first as their delay for ever: the pictures of the burst are pressed together. */
	#press(pictures: readonly Frame[]): void {
		const [first, last] = [pictures[0], pictures.at(-1)];
		if (!first || !last) return;
		this.#from = this.#reader.stream.frameMs(first);
		this.#to = this.#reader.stream.frameMs(last);
		this.#span = Math.min(this.#to - this.#from, pictures.length * PRESSED_MS);
	}

	#towardsPlayer(ms: number): number {
		const length = this.#to - this.#from;
		return ms >= this.#to || length <= 0 ? ms : this.#to - ((this.#to - ms) * this.#span) / length;
	}
}
