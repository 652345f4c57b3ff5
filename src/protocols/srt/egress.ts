import type { Reader } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Frame } from "../../media/frame.ts";
import type { Millis } from "../../media/time.ts";
import { canMux } from "../../wire/mpegts-mux.ts";
import { MessageQueue } from "./message-queue.ts";
import { type Muxer, muxerOf } from "./muxer.ts";
import type { Session } from "./session.ts";

/** What a picture of the burst takes of the player's time. */
const PRESSED_MS = 1;

/** The tracks of a stream that a player gets. */
export function playableTracks({ tracks }: Stream): number[] {
	return tracks.flatMap((track, index) => (canMux(track) ? [index] : []));
}

/**
 * Hands a stream to one player as a transport stream. While the connection has no room its frames wait in the hub, which
 * cuts them when they grow old: the player then sees by the packets' counters that some are missing.
 */
export class Egress {
	readonly #reader: Reader;
	readonly #muxer: Muxer;
	/** What has been taken from the reader and not been sent. */
	readonly #queue: MessageQueue;

	/** Begins to send, at the last key frame. */
	constructor(session: Session, reader: Reader, now: Millis) {
		this.#queue = new MessageQueue(session);
		this.#reader = reader;
		this.#muxer = muxerOf(reader.stream, reader.tracks);
		this.#burst(now);
		this.pump(now);
	}

	/** Sends what waits, as far as there is room. */
	pump(now: Millis): void {
		const reader = this.#reader;
		while (reader.active && this.#queue.drain(now)) {
			const frame = reader.nextFrame();
			if (!frame) return;
			this.#push(frame, this.#muxer.messages(frame), now);
		}
		// What waits here is written in its turn, for those who have room.
		if (reader.active) for (const frame of reader.frames?.frames ?? []) this.#muxer.messages(frame);
	}

	/** Players keep the age of what they got first as their delay for ever: the pictures of the burst are pressed together. */
	#burst(now: Millis): void {
		const { stream } = this.#reader;
		const waiting: Frame[] = [];
		for (let frame = this.#reader.nextFrame(); frame; frame = this.#reader.nextFrame()) waiting.push(frame);
		const pictures = waiting.filter(({ track }) => stream.tracks[track]?.kind === "video");
		const [first, last] = [pictures[0], pictures.at(-1)];
		const from = first ? stream.frameMs(first) : 0;
		const to = last ? stream.frameMs(last) : 0;
		const length = to - from;
		const span = Math.min(length, pictures.length * PRESSED_MS);
		// Sound of the past cannot be played faster.
		const frames = span > 0 ? pictures : waiting;
		const towardsPlayer = (ms: number): number => (ms >= to || length <= 0 ? ms : to - ((to - ms) * span) / length);
		const lots = this.#muxer.burst(frames, towardsPlayer);
		for (const [i, frame] of frames.entries()) this.#push(frame, lots[i]!, now);
	}

	#push(frame: Frame, messages: readonly Uint8Array[], now: Millis): void {
		this.#queue.push(messages);
		let bytes = 0;
		for (const { length } of messages) bytes += length;
		this.#reader.sentFrame(frame, bytes, now);
	}
}
