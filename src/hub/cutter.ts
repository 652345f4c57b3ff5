import { h265Type } from "../media/h265.ts";
import type { Codec } from "../media/track.ts";
import { RTP_HEADER_BYTES } from "../net/ring.ts";
import { recutOf } from "../wire/payload/recut.ts";
import { PACKET_BYTES } from "./limits.ts";
import type { TrackWriter } from "./writer.ts";

/** Largest payload that leaves. */
export const PAYLOAD_BYTES = PACKET_BYTES - RTP_HEADER_BYTES;

/** The two payload formats of NAL units, by their numbers (RFC 6184 sections 5.6 to 5.8, RFC 7798 section 4.4). */
interface Format {
	/** Bytes of a NAL unit's header. */
	readonly unitHeader: number;
	readonly aggregate: number;
	readonly fragment: number;
	type(first: number): number;
	/** The first byte of a fragment of a unit whose header begins with `first`. */
	fragmentHeader(first: number): number;
	/** The first byte of the unit that fragments with these headers belong to. */
	unitOf(first: number, fu: number): number;
}

const formats: Readonly<Partial<Record<Codec, Format>>> = {
	h264: {
		unitHeader: 1,
		aggregate: 24,
		fragment: 28,
		type: (first) => first & 0x1f,
		fragmentHeader: (first) => (first & 0xe0) | 28,
		unitOf: (first, fu) => (first & 0xe0) | (fu & 0x1f),
	},
	h265: {
		unitHeader: 2,
		aggregate: 48,
		fragment: 49,
		type: h265Type,
		fragmentHeader: (first) => (first & 0x81) | (49 << 1),
		unitOf: (first, fu) => (first & 0x81) | ((fu & 0x3f) << 1),
	},
};

const START = 0x80;
const END = 0x40;

/** Cuts packets that are too large for UDP and SRTP again, once per stream. */
export interface Cutter {
	/** Forgets a unit of which the rest will not come. */
	reset(): void;
	/** Writes the packet in pieces. False where it needs no cutting: the caller writes it as it is. */
	take(bytes: Uint8Array, at: number, length: number, last: boolean, timestamp: number, now: number): boolean;
}

/** What cuts a codec's packets; undefined where they cannot be cut. */
export function cutterOf(codec: Codec, writer: TrackWriter): Cutter | undefined {
	const format = formats[codec];
	if (format) return new UnitCutter(writer, format);
	const recut = recutOf(codec);
	if (!recut) return undefined;
	return {
		reset: () => undefined,
		take: (bytes, at, length, last, timestamp, now) => {
			if (length <= PAYLOAD_BYTES) return false;
			const pieces = recut(bytes.subarray(at, at + length), PAYLOAD_BYTES) ?? [];
			const end = pieces.length - 1;
			for (const [i, piece] of pieces.entries()) {
				writer.put(piece, 0, piece.length, last && i === end, timestamp, now);
			}
			return pieces.length > 0;
		},
	};
}

/**
 * Cuts NAL units. Fragments that are too large are joined to a run of bytes and cut anew, so that all but the last are of
 * one size and leave as one message.
 */
class UnitCutter implements Cutter {
	readonly #writer: TrackWriter;
	readonly #format: Format;
	readonly #room: number;
	/** Bytes of the unit that is being cut and has not left yet. */
	#carry: Buffer | undefined;
	#carried = 0;
	#running = false;
	#first = 0;
	#second = 0;
	#type = 0;
	#begun = false;

	constructor(writer: TrackWriter, format: Format) {
		this.#writer = writer;
		this.#format = format;
		this.#room = PAYLOAD_BYTES - format.unitHeader - 1;
	}

	reset(): void {
		this.#running = false;
	}

	take(bytes: Uint8Array, at: number, length: number, last: boolean, timestamp: number, now: number): boolean {
		const type = this.#format.type(bytes[at]!);
		if (type === this.#format.fragment) return this.#fragment(bytes, at, length, last, timestamp, now);
		this.#running = false;
		if (length <= PAYLOAD_BYTES) return false;
		if (type === this.#format.aggregate) this.#split(bytes, at, length, last, timestamp, now);
		else this.#cut(bytes, at, length, last, timestamp, now);
		return true;
	}

	/** A single NAL unit that is too large. */
	#cut(bytes: Uint8Array, at: number, length: number, last: boolean, timestamp: number, now: number): void {
		const header = this.#format.unitHeader;
		this.#begin(bytes[at]!, bytes[at + 1]!, this.#format.type(bytes[at]!));
		const end = at + length;
		for (let from = at + header; from < end; from += this.#room) {
			const size = Math.min(this.#room, end - from);
			this.#emit(bytes, from, size, from + size === end, last, timestamp, now);
		}
		this.#running = false;
	}

	/** An aggregation packet that is too large: its units one by one. */
	#split(bytes: Uint8Array, at: number, length: number, last: boolean, timestamp: number, now: number): void {
		const end = at + length;
		for (let from = at + this.#format.unitHeader; from + 2 < end; ) {
			const size = (bytes[from]! << 8) | bytes[from + 1]!;
			const next = from + 2 + size;
			if (size === 0 || next > end) return;
			const final = last && next + 2 >= end;
			if (!this.take(bytes, from + 2, size, final, timestamp, now)) {
				this.#writer.put(bytes, from + 2, size, final, timestamp, now);
			}
			from = next;
		}
	}

	#fragment(bytes: Uint8Array, at: number, length: number, last: boolean, timestamp: number, now: number): boolean {
		const header = this.#format.unitHeader + 1;
		if (length <= header) return false;
		const fu = bytes[at + header - 1]!;
		if (fu & START) {
			this.#running = length > PAYLOAD_BYTES;
			if (this.#running) {
				const type = this.#format.type(this.#format.unitOf(bytes[at]!, fu));
				this.#begin(bytes[at]!, bytes[at + 1]!, type);
			}
		}
		if (!this.#running) return false;
		this.#append(bytes, at + header, length - header);
		this.#drain((fu & END) !== 0, last, timestamp, now);
		return true;
	}

	#begin(first: number, second: number, type: number): void {
		this.#running = true;
		this.#begun = false;
		this.#carried = 0;
		this.#first = this.#format.fragmentHeader(first);
		this.#second = second;
		this.#type = type;
	}

	#append(bytes: Uint8Array, at: number, length: number): void {
		this.#carry ??= Buffer.allocUnsafeSlow(PAYLOAD_BYTES + 65_536);
		(bytes as Buffer).copy(this.#carry, this.#carried, at, at + length);
		this.#carried += length;
	}

	/** What is carried leaves, but for the end that is kept so that the last fragment is never empty. */
	#drain(end: boolean, last: boolean, timestamp: number, now: number): void {
		const carry = this.#carry!;
		let from = 0;
		while (this.#carried - from > this.#room) {
			this.#emit(carry, from, this.#room, false, false, timestamp, now);
			from += this.#room;
		}
		if (end) {
			this.#emit(carry, from, this.#carried - from, true, last, timestamp, now);
			this.#running = false;
			this.#carried = 0;
			return;
		}
		carry.copyWithin(0, from, this.#carried);
		this.#carried -= from;
	}

	#emit(
		bytes: Uint8Array,
		at: number,
		size: number,
		end: boolean,
		last: boolean,
		timestamp: number,
		now: number,
	): void {
		const fu = (this.#begun ? 0 : START) | (end ? END : 0) | this.#type;
		this.#begun = true;
		const head = this.#format.unitHeader + 1;
		const second = head > 2 ? this.#second : fu;
		this.#writer.putFragment(head, this.#first, second, fu, bytes, at, size, last && end, timestamp, now);
	}
}
