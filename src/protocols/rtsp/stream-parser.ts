import { MAX_BODY_BYTES, MAX_HEAD_BYTES, type Message, parseHead, RtspError } from "./message.ts";

const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;

/** Bytes before an interleaved packet: dollar sign, channel, length (RFC 2326 section 10.12). */
export const FRAME_HEADER_BYTES = 4;
const MAX_FRAME_BYTES = FRAME_HEADER_BYTES + 0xffff;
const MAX_MESSAGE_BYTES = MAX_HEAD_BYTES + MAX_BODY_BYTES;
const FIRST_HELD_BYTES = 4096;

/** Who takes what an RTSP connection carries. */
export interface StreamSink {
	/** An interleaved packet: `length` bytes at `offset`. The bytes are good until this call returns. */
	packet(channel: number, buffer: Uint8Array, offset: number, length: number): void;
	message(message: Message): void;
}

/**
 * Finds messages and interleaved packets in the chunks of one TCP connection. A packet that lies within a chunk is
 * handed on where it lies; only one that is cut by the end of a chunk is copied, once.
 */
export class StreamParser {
	readonly #sink: StreamSink;
	/** The beginning of what the last chunk did not complete. */
	#held = Buffer.alloc(0);
	#heldBytes = 0;
	/** Size of the message in `#held`, 0 while its head is not complete. */
	#messageBytes = 0;
	#stopped = false;

	constructor(sink: StreamSink) {
		this.#sink = sink;
	}

	/**
	 * Takes the next chunk: the first `end` bytes, of which none is kept. Throws RtspError; after that the parser must not
	 * be used any more.
	 */
	push(chunk: Buffer, end = chunk.length): void {
		let at = 0;
		if (this.#heldBytes > 0) at = this.#complete(chunk, end);
		if (this.#heldBytes === 0 && !this.#stopped) {
			at = this.#walk(chunk, at, end);
			if (at < end && !this.#stopped) this.#append(chunk, at, end - at);
		}
	}

	/** Nothing more is handed on, not even from the chunk in hand. */
	stop(): void {
		this.#stopped = true;
	}

	/** Hands on what is complete; returns where the incomplete rest begins. */
	#walk(chunk: Buffer, at: number, end: number): number {
		while (at < end && !this.#stopped) {
			const first = chunk[at]!;
			if (first === DOLLAR) {
				if (end - at < FRAME_HEADER_BYTES) break;
				const length = (chunk[at + 2]! << 8) | chunk[at + 3]!;
				const next = at + FRAME_HEADER_BYTES + length;
				if (next > end) break;
				this.#sink.packet(chunk[at + 1]!, chunk, at + FRAME_HEADER_BYTES, length);
				at = next;
			} else if (first === CR || first === LF) {
				at++;
			} else {
				const size = this.#message(chunk, at, end, at);
				if (size < 0) break;
				at += size;
			}
		}
		return at;
	}

	/** Completes what is held; returns where in `chunk` the next thing begins. */
	#complete(chunk: Buffer, end: number): number {
		let at = 0;
		while (at < end && this.#heldBytes > 0) {
			const before = this.#heldBytes;
			const taken = Math.min(this.#wanted() - before, end - at);
			this.#append(chunk, at, taken);
			at += taken;
			if (this.#held[0] === DOLLAR) {
				if (this.#heldBytes >= FRAME_HEADER_BYTES && this.#heldBytes === this.#wanted()) this.#frame();
				continue;
			}
			// Three bytes of the end may have come before.
			const size = this.#message(this.#held, 0, this.#heldBytes, Math.max(0, before - 3));
			if (size < 0) continue;
			at -= this.#heldBytes - size;
			this.#release();
		}
		return at;
	}

	/** Bytes that make what is held complete, as far as it is known by now. */
	#wanted(): number {
		if (this.#held[0] !== DOLLAR) return this.#messageBytes || MAX_MESSAGE_BYTES;
		if (this.#heldBytes < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES;
		return FRAME_HEADER_BYTES + ((this.#held[2]! << 8) | this.#held[3]!);
	}

	#frame(): void {
		const length = this.#heldBytes - FRAME_HEADER_BYTES;
		this.#heldBytes = 0;
		this.#sink.packet(this.#held[1]!, this.#held, FRAME_HEADER_BYTES, length);
	}

	/** Hands on the message between `start` and `end` and returns its size, or −1 while it is not complete. */
	#message(buffer: Buffer, start: number, end: number, from: number): number {
		if (this.#messageBytes > 0 && end - start < this.#messageBytes) return -1;
		const blank = this.#messageBytes > 0 ? endOfHead(buffer, start, end) : endOfHead(buffer, from, end);
		const headBytes = blank ? blank.next - start : end - start;
		if (headBytes > MAX_HEAD_BYTES) {
			throw new RtspError(413, `headers of ${headBytes} bytes or more, at most ${MAX_HEAD_BYTES}`);
		}
		if (!blank) return -1;
		const { message, bodyBytes } = parseHead(buffer.toString("utf8", start, blank.at));
		const size = headBytes + bodyBytes;
		if (end - start < size) {
			this.#messageBytes = size;
			return -1;
		}
		this.#messageBytes = 0;
		const body = bodyBytes > 0 ? buffer.toString("utf8", blank.next, blank.next + bodyBytes) : "";
		this.#sink.message({ ...message, body });
		return size;
	}

	#append(chunk: Buffer, at: number, bytes: number): void {
		const needed = this.#heldBytes + bytes;
		if (needed > this.#held.length) {
			const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_HELD_BYTES, 2 ** Math.ceil(Math.log2(needed))));
			this.#held.copy(grown, 0, 0, this.#heldBytes);
			this.#held = grown;
		}
		chunk.copy(this.#held, this.#heldBytes, at, at + bytes);
		this.#heldBytes = needed;
	}

	#release(): void {
		this.#heldBytes = 0;
		// A message may have been large; packets are all that comes often.
		if (this.#held.length > 2 * MAX_FRAME_BYTES) this.#held = Buffer.alloc(0);
	}
}

/** Where the head ends and where what follows it begins; lines may end in CR LF or LF alone. */
function endOfHead(buffer: Buffer, start: number, end: number): { at: number; next: number } | undefined {
	for (let at = buffer.indexOf(LF, start); at >= 0 && at < end; at = buffer.indexOf(LF, at + 1)) {
		const cut = at > start && buffer[at - 1] === CR ? at - 1 : at;
		if (at + 1 < end && buffer[at + 1] === LF) return { at: cut, next: at + 2 };
		if (at + 2 < end && buffer[at + 1] === CR && buffer[at + 2] === LF) return { at: cut, next: at + 3 };
	}
	return undefined;
}
