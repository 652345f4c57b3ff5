import { RtmpError } from "./message.ts";

/** RTMP 1.0 section 5.2. */
const VERSION = 3;
const PACKET_BYTES = 1536;
/** Time, then zeros (here) or a version number that announces digests, then random bytes. */
const RANDOM_AT = 8;
/** Random bytes that a handshake needs. */
export const RANDOM_BYTES = PACKET_BYTES - RANDOM_AT;

function packet(random: Uint8Array): Buffer {
	const out = Buffer.alloc(PACKET_BYTES);
	out.set(random.subarray(0, RANDOM_BYTES), RANDOM_AT);
	return out;
}

/** What a piece of the handshake leads to. */
export interface HandshakeStep {
	/** To be sent. */
	readonly reply?: Buffer;
	/** What follows the handshake; defined once it is done. */
	readonly rest?: Buffer;
}

/**
 * Either side's handshake. With zeros in the place of a version, the peer is told that there are no digests: encoders
 * that can do them (ffmpeg, Flash) go on without, and their digests need not be understood. What the peer echoes is not
 * checked, because many echo nothing.
 */
export class Handshake {
	readonly #server: boolean;
	readonly #own: Buffer;
	#bytes = Buffer.alloc(0);
	#answered = false;

	/** `random` has at least `RANDOM_BYTES`. */
	constructor(side: "server" | "client", random: Uint8Array) {
		this.#server = side === "server";
		this.#own = packet(random);
	}

	/** What the client begins with. */
	hello(): Buffer {
		return Buffer.concat([Buffer.of(VERSION), this.#own]);
	}

	/** Takes the next bytes. Throws `RtmpError`. */
	push(chunk: Buffer): HandshakeStep {
		this.#bytes = Buffer.concat([this.#bytes, chunk]);
		const version = this.#bytes[0];
		if (!this.#answered && version !== undefined && version !== VERSION) {
			throw new RtmpError(`RTMP version ${version}, only ${VERSION} is spoken here`);
		}
		return this.#server ? this.#serve() : this.#connect();
	}

	/** C0 and C1, then S0, S1 and S2, then C2. */
	#serve(): HandshakeStep {
		let reply: Buffer | undefined;
		if (!this.#answered) {
			if (this.#bytes.length < 1 + PACKET_BYTES) return {};
			const echo = this.#bytes.subarray(1, 1 + PACKET_BYTES);
			reply = Buffer.concat([Buffer.of(VERSION), this.#own, echo]);
			this.#bytes = this.#bytes.subarray(1 + PACKET_BYTES);
			this.#answered = true;
		}
		if (this.#bytes.length < PACKET_BYTES) return reply ? { reply } : {};
		const rest = this.#bytes.subarray(PACKET_BYTES);
		return reply ? { reply, rest } : { rest };
	}

	/** S0, S1 and S2, then C2. */
	#connect(): HandshakeStep {
		const whole = 1 + 2 * PACKET_BYTES;
		if (this.#bytes.length < whole) return {};
		this.#answered = true;
		return { reply: this.#bytes.subarray(1, 1 + PACKET_BYTES), rest: this.#bytes.subarray(whole) };
	}
}
