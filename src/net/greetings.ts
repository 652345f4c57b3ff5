import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Millis } from "../media/time.ts";

/** The first byte of a TLS handshake (RFC 8446 section 5.1); no request of HTTP or RTSP begins so. */
const HANDSHAKE = 0x16;

/** Takes over a connection. */
export type Take = (socket: Socket) => void;

/** Connections that have only just come: they have not begun to speak, or their TLS handshake goes on. */
export class Greetings {
	readonly #greetMs: Millis;
	readonly #greeting = new Set<Socket>();

	/** `greetMs`: who is no further by then is left. */
	constructor(greetMs: Millis) {
		this.#greetMs = greetMs;
	}

	/** How many there are now. */
	get size(): number {
		return this.#greeting.size;
	}

	/** Ends those that are there. */
	close(): void {
		for (const socket of this.#greeting) socket.destroy();
	}

	/** Does the TLS handshake, and hands the connection over behind it. */
	secure(plain: Socket, secureContext: SecureContext, take: Take): void {
		const socket = new TLSSocket(plain, { isServer: true, secureContext });
		const greeted = this.#greet(socket);
		plain.once("error", () => socket.destroy());
		socket.once("secure", () => {
			greeted();
			take(socket);
		});
	}

	/**
	 * Waits for the first byte: a client that begins with TLS's handshake gets it and goes to `secured`, any other goes to
	 * `open`, paused and with nothing read.
	 */
	either(socket: Socket, context: () => SecureContext, open: Take, secured: Take): void {
		const greeted = this.#greet(socket);
		socket.once("data", (first: Buffer) => {
			socket.pause();
			socket.unshift(first);
			// Whoever takes it over may want its handle, which is still in use for this read.
			process.nextTick(() => {
				if (socket.destroyed) return;
				greeted();
				if (first[0] === HANDSHAKE) this.secure(socket, context(), secured);
				else open(socket);
			});
		});
	}

	/** Gives what ends the greeting. */
	#greet(socket: Socket): () => void {
		const hangUp = (): void => void socket.destroy();
		const timer = setTimeout(hangUp, this.#greetMs);
		const greeted = (): void => {
			clearTimeout(timer);
			this.#greeting.delete(socket);
			socket.removeListener("error", hangUp).removeListener("close", greeted);
		};
		this.#greeting.add(socket);
		socket.on("error", hangUp);
		socket.once("close", greeted);
		return greeted;
	}
}
