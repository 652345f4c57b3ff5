/** Packets of SRT, draft-sharabayko-srt section 3. Pure: bytes in, fields out, and back. */

export const HEAD_BYTES = 16;
/** A set first bit makes it a control packet. */
const CONTROL = 0x8000_0000;
/** Of the second word of data packets (section 3.1): a whole message; sent once more; its number. */
const SOLO = 0xc000_0000;
const RETRANSMITTED = 0x0400_0000;
export const MESSAGE_MASK = 0x03ff_ffff;
/** Numbers that one NAK may name; more than this is noise. */
const MAX_RANGES = 512;

/** Section 3.2, table 1. */
export const control = {
	handshake: 0,
	keepAlive: 1,
	ack: 2,
	nak: 3,
	congestion: 4,
	shutdown: 5,
	ackAck: 6,
	dropRequest: 7,
	peerError: 8,
	user: 0x7fff,
} as const;

/** Subtypes of `control.user`, and types of the handshake's extensions (section 3.2.1.1, table 5). */
export const extension = {
	handshakeRequest: 1,
	handshakeResponse: 2,
	keyRequest: 3,
	keyResponse: 4,
	streamId: 5,
	congestion: 6,
} as const;

/** Which key a packet is encrypted with (section 3.1): none, even, odd. */
export type KeyFlag = 0 | 1 | 2 | 3;

/** From one number to another, both included. */
export interface SequenceRange {
	readonly from: number;
	readonly to: number;
}

/** Whether the bytes can be a packet at all. */
export function isPacket(bytes: Uint8Array): boolean {
	return bytes.length >= HEAD_BYTES;
}

export function isControl(bytes: Uint8Array): boolean {
	return (bytes[0]! & 0x80) !== 0;
}

/** The socket that it is for; 0 for a handshake that knows none yet. */
export function destinationOf(bytes: Buffer): number {
	return bytes.readUInt32BE(12);
}

/** Microseconds since the sender's socket began, of 32 bits. */
export function timestampOf(bytes: Buffer): number {
	return bytes.readUInt32BE(8);
}

export function controlTypeOf(bytes: Buffer): number {
	return bytes.readUInt16BE(0) & 0x7fff;
}

export function subtypeOf(bytes: Buffer): number {
	return bytes.readUInt16BE(2);
}

/** The type-specific word of a control packet. */
export function infoOf(bytes: Buffer): number {
	return bytes.readUInt32BE(4);
}

export function sequenceOf(bytes: Buffer): number {
	return bytes.readUInt32BE(0);
}

export function keyFlagOf(bytes: Uint8Array): KeyFlag {
	return ((bytes[4]! >> 3) & 3) as KeyFlag;
}

export function isRetransmitted(bytes: Uint8Array): boolean {
	return (bytes[4]! & 0x04) !== 0;
}

/** Writes the head of a data packet that is one whole message; the payload follows it. */
export function writeDataHead(
	into: Buffer,
	sequence: number,
	message: number,
	key: KeyFlag,
	timestamp: number,
	destination: number,
	isAgain = false,
): void {
	const again = isAgain ? RETRANSMITTED : 0;
	into.writeUInt32BE(sequence, 0);
	into.writeUInt32BE((SOLO | again | (key << 27) | (message & MESSAGE_MASK)) >>> 0, 4);
	into.writeUInt32BE(timestamp >>> 0, 8);
	into.writeUInt32BE(destination, 12);
}

const nothing = Buffer.alloc(0);

/** A control packet, whole. */
export function writeControl(
	type: number,
	subtype: number,
	info: number,
	timestamp: number,
	destination: number,
	body: Uint8Array = nothing,
): Buffer {
	const bytes = Buffer.allocUnsafe(HEAD_BYTES + body.length);
	bytes.writeUInt32BE((CONTROL | (type << 16) | subtype) >>> 0, 0);
	bytes.writeUInt32BE(info >>> 0, 4);
	bytes.writeUInt32BE(timestamp >>> 0, 8);
	bytes.writeUInt32BE(destination, 12);
	bytes.set(body, HEAD_BYTES);
	return bytes;
}

/** What an acknowledgement says (section 3.2.4); of a light one only `next` is there. */
export interface Acknowledgement {
	/** Everything before this number has come. */
	readonly next: number;
	/** Microseconds; undefined in a light one. */
	readonly rtt: number | undefined;
	readonly rttVariance: number;
	/** Packets that the receiver has room for. */
	readonly room: number;
}

export function parseAcknowledgement(bytes: Buffer): Acknowledgement | undefined {
	if (bytes.length < HEAD_BYTES + 4) return undefined;
	const next = bytes.readUInt32BE(HEAD_BYTES) & 0x7fff_ffff;
	if (bytes.length < HEAD_BYTES + 16) return { next, rtt: undefined, rttVariance: 0, room: -1 };
	const rtt = bytes.readUInt32BE(HEAD_BYTES + 4);
	const rttVariance = bytes.readUInt32BE(HEAD_BYTES + 8);
	return { next, rtt, rttVariance, room: bytes.readUInt32BE(HEAD_BYTES + 12) };
}

/** The body of a full acknowledgement; times in microseconds, rates a second. */
export function acknowledgementBody(
	next: number,
	rtt: number,
	rttVariance: number,
	room: number,
	packetRate: number,
	byteRate: number,
): Buffer {
	const body = Buffer.allocUnsafe(28);
	const words = [next, rtt, rttVariance, room, packetRate, packetRate, byteRate];
	for (const [i, word] of words.entries()) body.writeUInt32BE(Math.min(0xffff_ffff, Math.round(word)), 4 * i);
	return body;
}

/** The ranges in a NAK (section 3.2.5, appendix A). What makes no sense ends the list. */
export function parseLossList(bytes: Buffer): SequenceRange[] {
	const ranges: SequenceRange[] = [];
	for (let at = HEAD_BYTES; at + 4 <= bytes.length && ranges.length < MAX_RANGES; at += 4) {
		const word = bytes.readUInt32BE(at);
		if (word < CONTROL) {
			ranges.push({ from: word, to: word });
			continue;
		}
		at += 4;
		const to = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : CONTROL;
		if (to >= CONTROL) return ranges;
		ranges.push({ from: (word - CONTROL) >>> 0, to });
	}
	return ranges;
}

/** The body of a NAK. */
export function lossList(ranges: readonly SequenceRange[]): Buffer {
	const body = Buffer.allocUnsafe(8 * ranges.length);
	let at = 0;
	for (const { from, to } of ranges) {
		if (from !== to) at = body.writeUInt32BE((from | CONTROL) >>> 0, at);
		at = body.writeUInt32BE(to, at);
	}
	return body.subarray(0, at);
}
