import type { Stream } from "../../hub/stream.ts";
import { ENTRY_INFO, ENTRY_OFFSET, ENTRY_TIMESTAMP } from "../../net/ring.ts";
import { SharedBytes } from "../../net/tcp-send.ts";
import { setRtpTimestamp } from "../../wire/rtp.ts";
import type { Press } from "./press.ts";
import { FRAME_HEADER_BYTES } from "./stream-parser.ts";

const DOLLAR = 0x24;
/** Most bytes that are handed to the kernel at once: what was handed over grows old without being cut. */
const MAX_PIECE_BYTES = 32_768;
/** Pieces that are kept: a large key frame has several, and each reader goes through all of them before the next one does. */
const PIECES = 16;

/** All framings in use, by stream and by channels. */
const framings = new WeakMap<Stream, Map<string, Framing>>();

/** Packets in the form in which they are sent, and which they are. */
interface Piece {
	from: number;
	end: number;
	readonly bytes: SharedBytes;
}

/**
 * Puts packets of a stream behind interleaved headers (RFC 2326 section 10.12). The bytes are the same for all readers
 * that have the tracks on the same channels: they are made once and shared.
 */
export class Framing {
	readonly #stream: Stream;
	/** RTP channel of each track, −1 for one that is not taken. */
	readonly #channels: readonly number[];
	/** Number of the first packet that is not in the last piece given. */
	end = 0;
	readonly #pieces: Piece[] = [];
	/** Whose memory is used next. */
	#oldest = 0;
	readonly #burst = new SharedBytes();

	private constructor(stream: Stream, channels: readonly number[]) {
		this.#stream = stream;
		this.#channels = channels;
	}

	/** The framing for a stream and the channel of each of its tracks, −1 for a track that is not taken. */
	static of(stream: Stream, channels: readonly number[]): Framing {
		const known = framings.get(stream) ?? new Map<string, Framing>();
		framings.set(stream, known);
		const key = channels.join();
		const framing = known.get(key) ?? new Framing(stream, channels);
		known.set(key, framing);
		return framing;
	}

	/**
	 * Packets from `from` on, up to `to` at most: a piece that ends before packet `end`. Not to be written to, and not to
	 * be kept: other readers get the same bytes, and later the memory is used again.
	 */
	batch(from: number, to: number): SharedBytes {
		for (let i = 0; i < this.#pieces.length; i++) {
			const piece = this.#pieces[i]!;
			if (piece.from !== from || piece.end > to) continue;
			this.end = piece.end;
			return piece.bytes;
		}
		this.end = this.#pieceEnd(from, to);
		const piece = this.#next();
		piece.from = from;
		piece.end = this.end;
		this.#make(piece.bytes, from, this.end, undefined);
		return piece.bytes;
	}

	#next(): Piece {
		if (this.#pieces.length < PIECES) {
			const fresh: Piece = { from: -1, end: -1, bytes: new SharedBytes() };
			this.#pieces.push(fresh);
			return fresh;
		}
		this.#oldest = (this.#oldest + 1) % PIECES;
		return this.#pieces[this.#oldest]!;
	}

	/** The same for packets of a joining burst, with its timestamps. */
	burst(from: number, to: number, press: Press): SharedBytes {
		this.end = this.#pieceEnd(from, to);
		this.#make(this.#burst, from, this.end, press);
		return this.#burst;
	}

	#pieceEnd(from: number, to: number): number {
		const { ring } = this.#stream;
		const { words } = ring.pool;
		let bytes = 0;
		let number = from;
		while (number < to && bytes < MAX_PIECE_BYTES) bytes += words[ring.entry(number++) + ENTRY_INFO]! & 0xffff;
		return number;
	}

	#make(piece: SharedBytes, from: number, to: number, press: Press | undefined): void {
		const { ring } = this.#stream;
		const { words, bytes } = ring.pool;
		const channels = this.#channels;
		let size = 0;
		for (let number = from; number < to; number++) {
			const info = words[ring.entry(number) + ENTRY_INFO]!;
			if (this.#taken((info >>> 16) & 0xff, press)) size += FRAME_HEADER_BYTES + (info & 0xffff);
		}
		const out = piece.resize(size);
		let at = 0;
		for (let number = from; number < to; number++) {
			const entry = ring.entry(number);
			const info = words[entry + ENTRY_INFO]!;
			const track = (info >>> 16) & 0xff;
			if (!this.#taken(track, press)) continue;
			const length = info & 0xffff;
			const offset = words[entry + ENTRY_OFFSET]!;
			out[at] = DOLLAR;
			out[at + 1] = channels[track]!;
			out[at + 2] = length >> 8;
			out[at + 3] = length;
			at += FRAME_HEADER_BYTES;
			bytes.copy(out, at, offset, offset + length);
			if (press) setRtpTimestamp(out, at, press.timestamp(track, words[entry + ENTRY_TIMESTAMP]!));
			at += length;
		}
	}

	#taken(track: number, press: Press | undefined): boolean {
		return this.#channels[track]! >= 0 && (!press || press.takes(track));
	}
}

/** One packet behind its interleaved header. */
export function frame(channel: number, packet: Uint8Array): Buffer {
	const out = Buffer.allocUnsafe(FRAME_HEADER_BYTES + packet.length);
	out[0] = DOLLAR;
	out[1] = channel;
	out.writeUInt16BE(packet.length, 2);
	out.set(packet, FRAME_HEADER_BYTES);
	return out;
}
