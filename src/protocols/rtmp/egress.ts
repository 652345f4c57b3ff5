import type { Socket } from "node:net";
import type { Reader } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Frame } from "../../media/frame.ts";
import type { Millis } from "../../media/time.ts";
import { boundUnsent } from "../../net/tcp.ts";
import { canCarry, MediaWriter } from "./media-writer.ts";
import { OutClock } from "./out-clock.ts";

/** How often what the kernel may hold is made to fit the stream's bitrate, of a reader that is slow. */
const BOUND_MS = 1000;
const nothing = Buffer.alloc(0);

/** The tracks of a stream that a player gets: the first picture and the first sound that it can be sent. */
export function playableTracks({ offered }: Stream, fourCcs: ReadonlySet<string>): number[] {
	return (["video", "audio"] as const)
		.map((kind) => offered.findIndex((track) => track.kind === kind && canCarry(track, fourCcs)))
		.filter((index) => index >= 0);
}

/**
 * Hands a stream to one player. While the socket is full its frames wait in the hub, which cuts them when they grow old;
 * nothing is queued up here.
 */
export class Egress {
	readonly #socket: Socket;
	readonly #reader: Reader;
	readonly #writer: MediaWriter;
	readonly #clock: OutClock;
	readonly #now: () => Millis;
	/** Frames of the burst that have not been sent. */
	#burst: number;
	#blocked = false;
	#nextBound: Millis = 0;

	/** Begins to send, at the last key frame. `stream` is the message stream. */
	constructor(socket: Socket, reader: Reader, stream: number, now: () => Millis) {
		this.#socket = socket;
		this.#reader = reader;
		this.#now = now;
		const { offered, intakes } = reader.stream;
		const taken = offered.map((track, index) => (reader.tracks.includes(index) ? track : undefined));
		this.#writer = new MediaWriter(stream, taken, (track) => intakes[track]?.sets?.units ?? []);
		this.#clock = new OutClock(offered, (frame) => reader.stream.frameMs(frame));
		const burst = reader.frames?.frames ?? [];
		this.#burst = burst.length;
		this.#clock.join(burst);
		this.#write([this.#writer.begin()]);
		this.pump(now());
	}

	/** Sends what waits, as far as the socket takes it. */
	pump(now: Millis): void {
		const { writable } = this.#socket;
		while (!this.#blocked && writable && this.#reader.active) {
			const frame = this.#reader.nextFrame();
			if (!frame) return;
			const isBurst = this.#burst > 0;
			if (isBurst) this.#burst--;
			if (!this.#isSound(frame) || !(isBurst || this.#clock.isPast(frame))) this.#send(frame, now);
		}
	}

	/** Whether it goes along with pictures: then that of the past, which cannot be played faster, is left out, also what comes late. */
	#isSound({ track }: Frame): boolean {
		const { offered } = this.#reader.stream;
		return offered[track]?.kind === "audio" && this.#reader.tracks.some((one) => offered[one]?.kind === "video");
	}

	#send(frame: Frame, now: Millis): void {
		const parts = this.#writer.frame(frame, this.#clock.at(frame, now));
		let bytes = 0;
		for (const part of parts) bytes += part.length;
		this.#reader.sentFrame(frame, bytes, now);
		this.#write(parts);
		if (this.#socket.writableLength > 0) this.#block(now);
	}

	#write(parts: readonly Buffer[]): void {
		const socket = this.#socket;
		if (!socket.writable || parts.length === 0) return;
		socket.cork();
		for (const part of parts) socket.write(part);
		socket.uncork();
	}

	/** The kernel has not taken everything: an empty write behind it tells when it has. */
	#block(now: Millis): void {
		this.#blocked = true;
		if (now >= this.#nextBound) {
			this.#nextBound = now + BOUND_MS;
			const { counters, joinedAt } = this.#reader;
			boundUnsent(this.#socket, (counters.bytes * 1000) / Math.max(BOUND_MS, now - joinedAt));
		}
		this.#socket.write(nothing, () => {
			this.#blocked = false;
			this.pump(this.#now());
		});
	}
}
