import type { Socket } from "node:net";
import type { Reader } from "../../hub/reader.ts";
import type { Frame } from "../../media/frame.ts";
import type { Millis } from "../../media/time.ts";
import { boundUnsent } from "../../net/tcp.ts";
import type { WebSocket } from "../../net/web-socket.ts";
import { Fmp4Muxer } from "../../wire/fmp4-muxer.ts";

/** How often what the kernel may hold is made to fit the stream's bitrate, of a viewer that is slow. */
const BOUND_MS = 1000;
const text = { binary: false, compress: false };
const binary = { binary: true, compress: false };

/**
 * Hands a stream to one viewer: a text message that tells the type, the initialisation segment, then one fragment for
 * each frame. While the socket is full frames wait in the hub, which cuts them when they grow old.
 */
export class Egress {
	readonly #socket: WebSocket;
	readonly #tcp: Socket;
	readonly #reader: Reader;
	readonly #muxer: Fmp4Muxer;
	readonly #leftOut: readonly object[];
	readonly #now: () => Millis;
	/** Messages that the kernel has not taken whole. */
	#unsent = 0;
	#nextBound: Millis = 0;
	readonly #onSent = (): void => {
		this.#unsent--;
		if (this.#unsent === 0) this.pump(this.#now());
	};

	/** Begins to send, at the last key frame. `leftOut` are the tracks that do not come, for people. */
	constructor(socket: WebSocket, tcp: Socket, reader: Reader, leftOut: readonly object[], now: () => Millis) {
		this.#socket = socket;
		this.#tcp = tcp;
		this.#reader = reader;
		this.#leftOut = leftOut;
		this.#now = now;
		this.#muxer = new Fmp4Muxer(reader.stream, reader.tracks, reader.frames?.frames ?? []);
		this.pump(now());
	}

	/** Sends what waits, as far as the socket takes it. */
	pump(now: Millis): void {
		while (this.#tcp.writableLength === 0 && this.#reader.active) {
			const frame = this.#reader.nextFrame();
			if (!frame) return;
			this.#send(frame, now);
		}
		if (this.#reader.active) this.#bound(now);
	}

	#send(frame: Frame, now: Millis): void {
		const beginning = this.#muxer.beginning(frame);
		if (beginning) {
			const { mime, init } = beginning;
			const held = 1 + (this.#reader.frames?.length ?? 0);
			this.#message(JSON.stringify({ mime, leftOut: this.#leftOut, held }), text);
			this.#message(init, binary);
		}
		const fragment = this.#muxer.fragment(frame, now);
		if (!fragment) return;
		this.#reader.sentFrame(frame, fragment.length, now);
		this.#message(fragment, binary);
	}

	#message(data: string | Buffer, options: { readonly binary: boolean; readonly compress: boolean }): void {
		this.#unsent++;
		this.#socket.send(data, options, this.#onSent);
	}

	#bound(now: Millis): void {
		if (now < this.#nextBound) return;
		this.#nextBound = now + BOUND_MS;
		const { counters, joinedAt } = this.#reader;
		boundUnsent(this.#tcp, (counters.bytes * 1000) / Math.max(BOUND_MS, now - joinedAt));
	}
}
