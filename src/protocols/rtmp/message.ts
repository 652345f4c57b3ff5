/** The messages of RTMP (Adobe RTMP 1.0 sections 5.4 and 7.1). */

export const SET_CHUNK_SIZE = 1;
export const ABORT = 2;
const ACKNOWLEDGEMENT = 3;
export const USER_CONTROL = 4;
export const WINDOW_SIZE = 5;
const PEER_BANDWIDTH = 6;
export const AUDIO = 8;
export const VIDEO = 9;
export const DATA_AMF3 = 15;
export const COMMAND_AMF3 = 17;
export const DATA_AMF0 = 18;
export const COMMAND_AMF0 = 20;
export const AGGREGATE = 22;

/** User control events (section 7.1.7). */
export const STREAM_BEGIN = 0;
export const STREAM_EOF = 1;
export const SET_BUFFER_LENGTH = 3;
export const PING_REQUEST = 6;
export const PING_RESPONSE = 7;

/** One message, whole. */
export interface Message {
	readonly type: number;
	/** The message stream that it belongs to; 0 for the connection itself. */
	readonly stream: number;
	/** Milliseconds, on a circle of 32 bits. */
	readonly timestamp: number;
	/** Memory of its own. */
	readonly body: Buffer;
}

/** The peer does not keep to the protocol: the connection ends with the message as its reason. */
export class RtmpError extends Error {
	override readonly name = "RtmpError";
}

function words(type: number, ...values: readonly number[]): Message {
	const body = Buffer.alloc(values.length * 4);
	for (const [i, value] of values.entries()) body.writeUInt32BE(value, i * 4);
	return { type, stream: 0, timestamp: 0, body };
}

export function setChunkSize(bytes: number): Message {
	return words(SET_CHUNK_SIZE, bytes);
}

/** So many bytes have arrived, on a circle of 32 bits. */
export function acknowledgement(bytes: number): Message {
	return words(ACKNOWLEDGEMENT, bytes % 2 ** 32);
}

/** The peer is to acknowledge after so many bytes. */
export function windowSize(bytes: number): Message {
	return words(WINDOW_SIZE, bytes);
}

/** The peer may have so many bytes on the way; it may lift or lower that (section 5.4.5, "dynamic"). */
export function peerBandwidth(bytes: number): Message {
	const body = Buffer.alloc(5, 2);
	body.writeUInt32BE(bytes, 0);
	return { type: PEER_BANDWIDTH, stream: 0, timestamp: 0, body };
}

/** A user control event with its numbers: a stream, a time, or both. */
export function userControl(event: number, ...values: readonly number[]): Message {
	const body = Buffer.alloc(2 + values.length * 4);
	body.writeUInt16BE(event, 0);
	for (const [i, value] of values.entries()) body.writeUInt32BE(value >>> 0, 2 + i * 4);
	return { type: USER_CONTROL, stream: 0, timestamp: 0, body };
}

const TAG_HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;

/**
 * The messages in an aggregate (section 7.1.6): FLV tags with back pointers. Their timestamps are moved so that the
 * first one has the aggregate's own. What is cut off at the end is left out.
 */
export function splitAggregate({ stream, timestamp, body }: Message): Message[] {
	const messages: Message[] = [];
	let offset: number | undefined;
	for (let at = 0; at + TAG_HEADER_BYTES <= body.length; ) {
		const length = body.readUIntBE(at + 1, 3);
		const end = at + TAG_HEADER_BYTES + length;
		if (end > body.length) break;
		const own = body.readUIntBE(at + 4, 3) + body[at + 7]! * 2 ** 24;
		offset ??= timestamp - own;
		const type = body[at]! & 0x1f;
		const inner = body.subarray(at + TAG_HEADER_BYTES, end);
		if (type !== AGGREGATE) messages.push({ type, stream, timestamp: (own + offset) >>> 0, body: inner });
		at = end + BACK_POINTER_BYTES;
	}
	return messages;
}
