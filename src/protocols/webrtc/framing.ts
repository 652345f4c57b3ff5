/** Datagrams over TCP, RFC 4571 section 2: a length of two bytes before each. */

const HEADER_BYTES = 2;

/** A datagram with its length before it. Throws a RangeError above 65,535 bytes. */
export function frameDatagram(datagram: Uint8Array): Buffer {
	if (datagram.length > 65_535) throw new RangeError(`${datagram.length} bytes, at most 65535`);
	const out = Buffer.allocUnsafe(HEADER_BYTES + datagram.length);
	out.writeUInt16BE(datagram.length);
	out.set(datagram, HEADER_BYTES);
	return out;
}

/** Finds datagrams in a TCP stream. Keeps at most one that is not whole. */
export class Deframer {
	/** Datagrams found so far. */
	taken = 0;
	readonly #limit: number;
	#pending: Buffer = Buffer.alloc(0);

	/** `limit`: bytes of the largest datagram that is taken. */
	constructor(limit: number) {
		this.#limit = limit;
	}

	/** Takes what was read and calls `take` with each whole datagram. False where one is larger than the limit. */
	push(chunk: Buffer, take: (datagram: Buffer) => void): boolean {
		const bytes = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
		let at = 0;
		while (bytes.length - at >= HEADER_BYTES) {
			const size = bytes.readUInt16BE(at);
			if (size > this.#limit) return false;
			if (bytes.length - at - HEADER_BYTES < size) break;
			this.taken++;
			take(bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + size));
			at += HEADER_BYTES + size;
		}
		// A copy: the rest would keep the whole chunk alive.
		this.#pending = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
		return true;
	}
}
