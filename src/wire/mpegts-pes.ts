/** Packetized elementary streams, ISO/IEC 13818-1 section 2.4.3.6. Pure. */

/** Start code, stream id, length, two bytes of flags, length of the rest of the header. */
const HEAD_BYTES = 9;
/** So many units must have ended with a stuffed packet before stuffing is taken for an end. */
const TRUSTED_ENDS = 30;
const FIRST_ROOM_BYTES = 65_536;

/** One unit of an elementary stream. Times are in ticks of 90 kHz, of 33 bits; undefined where it tells none. */
export interface Pes {
	readonly data: Buffer;
	readonly pts: number | undefined;
}

/**
 * Puts the units of one elementary stream together. A unit of unknown length ends where the next begins; once the sender
 * has shown that it stuffs just the last packet of each unit, with that packet, so that no picture waits for the next.
 */
export class PesReader {
	readonly #maxBytes: number;
	readonly #emit: (pes: Pes) => void;
	readonly #onBroken: () => void;
	#bytes = Buffer.allocUnsafe(FIRST_ROOM_BYTES);
	/** Bytes of the present unit, or −1 where there is none. */
	#size = -1;
	/** Whether the packet before had stuffing. */
	#stuffed = false;
	#ends = 0;
	/** A unit went on after stuffing: then stuffing says nothing. */
	#misled = false;
	/** The present unit was given away at its stuffed packet. */
	#given = false;

	/** `onBroken` is called where a part of a unit is lost or a unit has more than `maxBytes`. */
	constructor(maxBytes: number, emit: (pes: Pes) => void, onBroken: () => void) {
		this.#maxBytes = maxBytes;
		this.#emit = emit;
		this.#onBroken = onBroken;
	}

	/** Packets are missing: what there is of the present unit is of no use. */
	lose(): void {
		this.#size = -1;
		this.#given = false;
		this.#stuffed = false;
		this.#onBroken();
	}

	/** The payload of one packet; `start` where a unit begins with it, `stuffed` where stuffing stands before it. */
	push(payload: Uint8Array, start: boolean, stuffed: boolean): void {
		if (start) this.#begin();
		else if (!this.#continues()) return;
		this.#stuffed = stuffed;
		if (this.#size + payload.length > this.#maxBytes) {
			this.lose();
			return;
		}
		this.#append(payload);
		const length = this.#wholeBytes();
		if (length > 0 ? this.#size >= length : this.#trusts(stuffed)) this.#finish(length === 0);
	}

	#begin(): void {
		if (this.#stuffed) this.#ends++;
		if (this.#size >= 0) this.#finish(false);
		this.#size = 0;
		this.#given = false;
	}

	/** Whether a packet that begins nothing belongs to something. */
	#continues(): boolean {
		if (this.#stuffed) this.#misled = true;
		if (this.#given) this.lose();
		return this.#size >= 0;
	}

	#trusts(stuffed: boolean): boolean {
		return stuffed && !this.#misled && this.#ends >= TRUSTED_ENDS;
	}

	#append(payload: Uint8Array): void {
		const size = this.#size + payload.length;
		if (size > this.#bytes.length) {
			const larger = Buffer.allocUnsafe(Math.min(2 * size, this.#maxBytes));
			this.#bytes.copy(larger, 0, 0, this.#size);
			this.#bytes = larger;
		}
		this.#bytes.set(payload, this.#size);
		this.#size = size;
	}

	/** Bytes of the unit with its header; 0 where it does not tell. */
	#wholeBytes(): number {
		const length = this.#size < 6 ? 0 : this.#bytes.readUInt16BE(4);
		return length === 0 ? 0 : 6 + length;
	}

	#finish(early: boolean): void {
		const whole = this.#wholeBytes();
		const size = this.#size;
		this.#size = -1;
		this.#given = early;
		if (size < whole) this.#onBroken();
		else this.#parse(this.#bytes.subarray(0, whole || size));
	}

	#parse(bytes: Buffer): void {
		const marked = bytes.length >= HEAD_BYTES && bytes.readUIntBE(0, 3) === 1 && (bytes[6]! & 0xc0) === 0x80;
		const header = marked ? HEAD_BYTES + bytes[8]! : 0;
		if (!marked || header > bytes.length) {
			this.#onBroken();
			return;
		}
		const timed = (bytes[7]! & 0x80) !== 0 && bytes[8]! >= 5;
		const pts = timed ? readTime(bytes, HEAD_BYTES) : undefined;
		this.#emit({ data: Buffer.from(bytes.subarray(header)), pts });
	}
}

/** 33 bits among marker bits (2.4.3.7). */
function readTime(bytes: Uint8Array, at: number): number {
	const high = (bytes[at]! >> 1) & 7;
	const middle = (bytes[at + 1]! << 7) | (bytes[at + 2]! >> 1);
	const low = (bytes[at + 3]! << 7) | (bytes[at + 4]! >> 1);
	return high * 2 ** 30 + middle * 2 ** 15 + low;
}
