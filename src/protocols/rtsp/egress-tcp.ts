import type { Socket } from "node:net";
import type { Reader } from "../../hub/reader.ts";
import type { Millis } from "../../media/time.ts";
import { boundUnsent } from "../../net/tcp.ts";
import { DirectSender, type SharedBytes } from "../../net/tcp-send.ts";
import type { Carrier } from "./egress.ts";
import { type Framing, frame } from "./framing.ts";
import type { Press } from "./press.ts";

/** How often what the kernel may hold is made to fit the stream's bitrate, of a reader that is slow. */
const BOUND_MS = 1000;
const nothing = Buffer.alloc(0);

/**
 * Hands a stream to one reader over its RTSP connection: one write per batch. While the socket is full the reader's
 * cursor waits in the stream; nothing is queued up here.
 */
export class TcpCarrier implements Carrier {
	readonly #socket: Socket;
	readonly #sender: DirectSender;
	readonly #framing: Framing;
	readonly #channels: readonly number[];
	readonly #press: Press;
	readonly #reader: Reader;
	readonly #clock: () => Millis;
	#blocked = false;
	#nextBound: Millis = 0;

	/** `channels` has the RTCP channel of each track of the stream, −1 for one that is not taken. */
	constructor(
		socket: Socket,
		reader: Reader,
		framing: Framing,
		channels: readonly number[],
		press: Press,
		clock: () => Millis,
	) {
		this.#socket = socket;
		this.#sender = new DirectSender(socket);
		this.#reader = reader;
		this.#framing = framing;
		this.#channels = channels;
		this.#press = press;
		this.#clock = clock;
	}

	/** Writes what the stream has for the reader, as far as the socket takes it. */
	pump(now: Millis): void {
		const socket = this.#socket;
		const reader = this.#reader;
		while (!this.#blocked && reader.active && !socket.destroyed && reader.take(now)) {
			const piece = this.#next();
			const { length } = piece;
			reader.sent(this.#framing.end, length, now);
			if (length > 0 && !this.#sender.write(piece)) this.#block(now);
		}
	}

	/** While the socket is full a report would only be old when it arrives. */
	rtcp(track: number, packet: Uint8Array): void {
		const channel = this.#channels[track]!;
		if (channel >= 0 && !this.#blocked && this.#socket.writable) this.#socket.write(frame(channel, packet));
	}

	tick(): void {}

	close(): void {}

	#next(): SharedBytes {
		const { from, to, burstEnd } = this.#reader;
		if (from < burstEnd) return this.#framing.burst(from, Math.min(to, burstEnd), this.#press);
		return this.#framing.batch(from, to);
	}

	/** The kernel has not taken everything: an empty write behind it tells when it has. */
	#block(now: Millis): void {
		this.#blocked = true;
		if (now >= this.#nextBound) {
			this.#nextBound = now + BOUND_MS;
			boundUnsent(this.#socket, this.#reader.stream.byteRate(now));
		}
		this.#socket.write(nothing, () => {
			this.#blocked = false;
			this.pump(this.#clock());
		});
	}
}
