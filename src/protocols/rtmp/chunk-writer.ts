import { AUDIO, COMMAND_AMF0, type Message, VIDEO } from "./message.ts";

/** A chunk stream for each kind of message, as encoders do it. */
const CONTROL_STREAM = 2;
const COMMAND_STREAM = 3;
const AUDIO_STREAM = 4;
const DATA_STREAM = 5;
const VIDEO_STREAM = 6;

const EXTENDED = 0xff_ffff;
const HEADER_BYTES = 12;
const EXTENDED_BYTES = 4;

function chunkStreamOf({ type, stream }: Pick<Message, "type" | "stream">): number {
	if (type === AUDIO) return AUDIO_STREAM;
	if (type === VIDEO) return VIDEO_STREAM;
	if (type === COMMAND_AMF0) return COMMAND_STREAM;
	return stream === 0 ? CONTROL_STREAM : DATA_STREAM;
}

/** A message whose body is in two parts, the second shared with others and not copied. */
export interface Outgoing extends Omit<Message, "body"> {
	readonly head: Buffer;
	readonly data: Buffer;
}

/**
 * A message as chunks of `chunkSize` bytes (RTMP 1.0 section 5.3): buffers to be written one after the other. `data` is
 * in them as views.
 */
export function chunked(message: Outgoing, chunkSize: number): Buffer[] {
	const { type, stream, timestamp, head, data } = message;
	const id = chunkStreamOf(message);
	const length = head.length + data.length;
	const extended = timestamp >= EXTENDED;
	const first = Buffer.allocUnsafe(HEADER_BYTES + (extended ? EXTENDED_BYTES : 0));
	first[0] = id;
	first.writeUIntBE(extended ? EXTENDED : timestamp, 1, 3);
	first.writeUIntBE(length, 4, 3);
	first[7] = type;
	first.writeUInt32LE(stream, 8);
	if (extended) first.writeUInt32BE(timestamp, HEADER_BYTES);
	const parts: Buffer[] = [first];
	if (length === 0) return parts;
	const next = length > chunkSize ? continuation(id, extended, timestamp) : first;
	for (let at = 0; at < length; at += chunkSize) {
		if (at > 0) parts.push(next);
		const end = Math.min(at + chunkSize, length);
		if (at < head.length) parts.push(head.subarray(at, end));
		if (end > head.length) parts.push(data.subarray(Math.max(0, at - head.length), end - head.length));
	}
	return parts;
}

/** Between two chunks of one message; the extended timestamp is in each (section 5.3.1.3). */
function continuation(id: number, extended: boolean, timestamp: number): Buffer {
	const out = Buffer.allocUnsafe(extended ? 1 + EXTENDED_BYTES : 1);
	out[0] = 0xc0 | id;
	if (extended) out.writeUInt32BE(timestamp, 1);
	return out;
}

const nothing = Buffer.alloc(0);

/** Messages as one piece of bytes. */
export function writeMessages(messages: readonly Message[], chunkSize: number): Buffer {
	return Buffer.concat(messages.flatMap((one) => chunked({ ...one, head: one.body, data: nothing }, chunkSize)));
}
