import { ABORT, type Message, RtmpError, SET_CHUNK_SIZE } from "./message.ts";

/** What both sides begin with (RTMP 1.0 section 5.4.1). */
export const FIRST_CHUNK_BYTES = 128;

/** Chunk streams that one peer may use; encoders use four or five. */
const MAX_CHUNK_STREAMS = 64;
/** A message's memory begins at this size and grows with what really comes. */
const FIRST_BODY_BYTES = 65_536;
const EXTENDED = 0xff_ffff;
/** Length of the message header by chunk type (section 5.3.1.2). */
const HEADER_BYTES = [11, 7, 3, 0] as const;

/** What is remembered of a chunk stream. */
interface ChunkStream {
	timestamp: number;
	/** The time field of the last header: absolute of type 0, else the difference. */
	time: number;
	extended: boolean;
	length: number;
	type: number;
	stream: number;
	body: Buffer | undefined;
	filled: number;
}

/**
 * Puts chunks together to messages (RTMP 1.0 section 5.3), from pieces of any size. It follows what changes the chunks
 * themselves, chunk sizes and aborts, and hands on all other messages.
 */
export class ChunkReader {
	/** Largest message that is taken, in bytes; it bounds what a peer can make the reader keep. */
	maxMessage: number;
	readonly #onMessage: (message: Message) => void;
	readonly #streams = new Map<number, ChunkStream>();
	#chunkSize = FIRST_CHUNK_BYTES;
	/** The beginning of a header whose rest has not come. */
	#rest: Buffer | undefined;
	#current: ChunkStream | undefined;
	/** Bytes of the present chunk that have not come. */
	#left = 0;
	/** Bytes of all messages that are not whole. */
	#pending = 0;

	constructor(maxMessage: number, onMessage: (message: Message) => void) {
		this.maxMessage = maxMessage;
		this.#onMessage = onMessage;
	}

	/** Takes the next bytes. Throws `RtmpError`. */
	push(chunk: Buffer): void {
		const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
		this.#rest = undefined;
		let at = 0;
		while (at < bytes.length) {
			const next = this.#current ? this.#fill(this.#current, bytes, at) : this.#begin(bytes, at);
			if (next < 0) break;
			at = next;
		}
		if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
	}

	/** Reads a chunk's header at `at` and gives where its payload begins, or −1 where it is not whole. */
	#begin(bytes: Buffer, at: number): number {
		const format = bytes[at]! >> 6;
		const low = bytes[at]! & 0x3f;
		const basic = low > 1 ? 1 : low + 2;
		const header = at + basic;
		let end = header + HEADER_BYTES[format as 0 | 1 | 2 | 3];
		if (end > bytes.length) return -1;
		const id = low > 1 ? low : low === 0 ? 64 + bytes[at + 1]! : 64 + bytes[at + 1]! + bytes[at + 2]! * 256;
		const known = this.#streams.get(id);
		const field = format < 3 ? bytes.readUIntBE(header, 3) : -1;
		const extended = format < 3 ? field === EXTENDED : (known?.extended ?? false);
		let time = format < 3 ? field : (known?.time ?? 0);
		if (extended) {
			if (end + 4 > bytes.length) return -1;
			const wide = bytes.readUInt32BE(end);
			// Some senders leave the extended timestamp out of type 3 chunks: then these are the message's bytes.
			if (format < 3 || wide === time) {
				time = wide;
				end += 4;
			}
		}
		const stream = known ?? this.#open(id, format);
		stream.extended = extended;
		if (format < 2) {
			stream.length = bytes.readUIntBE(header + 3, 3);
			stream.type = bytes[header + 6]!;
		}
		if (format === 0) stream.stream = bytes.readUInt32LE(header + 7);
		this.#start(stream, format, time);
		return end;
	}

	#open(id: number, format: number): ChunkStream {
		if (format > 1) throw new RtmpError(`chunk stream ${id} begins with a chunk of type ${format}`);
		if (this.#streams.size >= MAX_CHUNK_STREAMS) throw new RtmpError(`more than ${MAX_CHUNK_STREAMS} chunk streams`);
		const stream: ChunkStream = {
			timestamp: 0,
			time: 0,
			extended: false,
			length: 0,
			type: 0,
			stream: 0,
			body: undefined,
			filled: 0,
		};
		this.#streams.set(id, stream);
		return stream;
	}

	/** A chunk begins: of a new message, or another one of the same. */
	#start(stream: ChunkStream, format: number, time: number): void {
		if (format < 3) this.#drop(stream);
		if (!stream.body) {
			if (stream.length > this.maxMessage) {
				throw new RtmpError(`a message of ${stream.length} bytes, at most ${this.maxMessage} are allowed`);
			}
			stream.time = time;
			stream.timestamp = format === 0 ? time : (stream.timestamp + time) >>> 0;
			stream.body = Buffer.allocUnsafeSlow(Math.min(stream.length, FIRST_BODY_BYTES));
			stream.filled = 0;
		}
		this.#current = stream;
		this.#left = Math.min(this.#chunkSize, stream.length - stream.filled);
		if (this.#left === 0) this.#finish(stream);
	}

	/** Takes payload bytes of the present chunk and gives where the next ones begin. */
	#fill(stream: ChunkStream, bytes: Buffer, at: number): number {
		const count = Math.min(this.#left, bytes.length - at);
		this.#pending += count;
		const most = this.maxMessage + FIRST_BODY_BYTES;
		if (this.#pending > most) throw new RtmpError(`${this.#pending} bytes of unfinished messages, at most ${most}`);
		const body = this.#room(stream, stream.filled + count);
		bytes.copy(body, stream.filled, at, at + count);
		stream.filled += count;
		this.#left -= count;
		if (this.#left === 0) this.#finish(stream);
		return at + count;
	}

	#room(stream: ChunkStream, size: number): Buffer {
		const old = stream.body!;
		if (old.length >= size) return old;
		const body = Buffer.allocUnsafeSlow(Math.min(stream.length, Math.max(size, old.length * 2)));
		old.copy(body, 0, 0, stream.filled);
		stream.body = body;
		return body;
	}

	/** The present chunk is over, and perhaps its message. */
	#finish(stream: ChunkStream): void {
		this.#current = undefined;
		if (stream.filled < stream.length) return;
		const { type, stream: id, timestamp } = stream;
		const body = stream.body!.subarray(0, stream.length);
		this.#drop(stream);
		if (type === SET_CHUNK_SIZE) this.#resize(body);
		else if (type === ABORT) this.#abort(body);
		else this.#onMessage({ type, stream: id, timestamp, body });
	}

	#drop(stream: ChunkStream): void {
		this.#pending -= stream.filled;
		stream.body = undefined;
		stream.filled = 0;
	}

	#resize(body: Buffer): void {
		// The highest bit is to be zero; sizes above the largest message make no difference.
		const size = body.length >= 4 ? body.readUInt32BE(0) & 0x7fff_ffff : 0;
		if (size < 1) throw new RtmpError("a chunk size of 0, at least 1 is needed");
		this.#chunkSize = size;
	}

	#abort(body: Buffer): void {
		const stream = body.length >= 4 ? this.#streams.get(body.readUInt32BE(0)) : undefined;
		if (stream) this.#drop(stream);
	}
}
