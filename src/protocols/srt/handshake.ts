import { extension } from "./packet.ts";

/** The handshake of version 5, draft-sharabayko-srt section 3.2.1. Pure. */

const CIF_BYTES = 48;
/** Longest stream identifier (section 3.2.1.3). */
const MAX_STREAM_ID_BYTES = 512;

/** Section 3.2.1, table 4. Anything from 1000 on is a refusal. */
export const handshakeType = { waveAHand: 0, induction: 1, conclusion: 0xffff_ffff, agreement: 0xffff_fffe } as const;
/** In the extension field of a listener's first answer. */
export const MAGIC = 0x4a17;
/** In the extension field of a conclusion. */
export const has = { handshake: 1, key: 2, config: 4 } as const;

/** Section 3.2.1.1.1, table 6. */
export const flag = {
	tsbpdSender: 0x01,
	tsbpdReceiver: 0x02,
	crypt: 0x04,
	tooLateDrop: 0x08,
	periodicNak: 0x10,
	retransmitted: 0x20,
	stream: 0x40,
} as const;

/** The version of SRT that we speak, as libsrt numbers them, and what of it. */
const VERSION = 0x01_05_00;
const FLAGS =
	flag.tsbpdSender | flag.tsbpdReceiver | flag.crypt | flag.tooLateDrop | flag.periodicNak | flag.retransmitted;

/** Why a handshake is refused: the handshake type of the answer (section 4.3; libsrt's access control from 2000 on). */
export const rejection = {
	peer: 1002,
	resource: 1003,
	rogue: 1004,
	version: 1008,
	badSecret: 1010,
	unsecure: 1011,
	messageApi: 1012,
	congestion: 1013,
	badRequest: 2400,
	unauthorized: 2401,
	overload: 2402,
	forbidden: 2403,
	notFound: 2404,
	unacceptable: 2406,
	conflict: 2409,
	locked: 2423,
} as const;

/** What both sides say of themselves (section 3.2.1.1.1). Delays in milliseconds. */
interface Hello {
	readonly version: number;
	readonly flags: number;
	/** How long the one who says it holds back what it receives. */
	readonly receiveDelay: number;
	/** How long it wants the other one to. */
	readonly sendDelay: number;
}

type Delays = Pick<Hello, "receiveDelay" | "sendDelay">;

/** What we say of ourselves. */
export function ownHello(isEncrypted: boolean, delays: Delays): Hello {
	return { version: VERSION, flags: isEncrypted ? FLAGS : FLAGS & ~flag.crypt, ...delays };
}

/** Our delays, from what we want and what the peer says of itself: of each the larger (section 4.4). */
export function agreedDelays(latency: number, peer: Hello): Delays {
	return { receiveDelay: Math.max(latency, peer.sendDelay), sendDelay: Math.max(latency, peer.receiveDelay) };
}

export interface Handshake {
	readonly version: number;
	/** Bytes of the key divided by 8; 0 for none. */
	readonly encryption: number;
	readonly extension: number;
	readonly initialSequence: number;
	readonly mtu: number;
	readonly flowWindow: number;
	readonly type: number;
	readonly socketId: number;
	readonly cookie: number;
	readonly hello?: Hello | undefined;
	readonly keys?: Buffer | undefined;
	readonly streamId?: string | undefined;
	readonly congestion?: string | undefined;
}

/** Reads the body of a handshake packet; undefined where it is none. Extensions that are not known are left out. */
export function parseHandshake(body: Buffer): Handshake | undefined {
	if (body.length < CIF_BYTES) return undefined;
	const version = body.readUInt32BE(0);
	const fixed = {
		version,
		encryption: body.readUInt16BE(4),
		extension: body.readUInt16BE(6),
		initialSequence: body.readUInt32BE(8) & 0x7fff_ffff,
		mtu: body.readUInt32BE(12),
		flowWindow: body.readUInt32BE(16),
		type: body.readUInt32BE(20),
		socketId: body.readUInt32BE(24),
		cookie: body.readUInt32BE(28),
	};
	if (version !== 5 || fixed.type !== handshakeType.conclusion) return fixed;
	return { ...fixed, ...readExtensions(body) };
}

function readExtensions(body: Buffer): Partial<Handshake> {
	let found: Partial<Handshake> = {};
	for (let at = CIF_BYTES; at + 4 <= body.length; ) {
		const type = body.readUInt16BE(at);
		const end = at + 4 + 4 * body.readUInt16BE(at + 2);
		if (end > body.length) break;
		found = { ...found, ...readExtension(type, body.subarray(at + 4, end)) };
		at = end;
	}
	return found;
}

function readExtension(type: number, bytes: Buffer): Partial<Handshake> {
	switch (type) {
		case extension.handshakeRequest:
		case extension.handshakeResponse:
			return bytes.length < 12 ? {} : { hello: readHello(bytes) };
		case extension.keyRequest:
		case extension.keyResponse:
			return { keys: bytes };
		case extension.streamId:
			return bytes.length > MAX_STREAM_ID_BYTES ? {} : { streamId: readText(bytes) };
		case extension.congestion:
			return { congestion: readText(bytes) };
		default:
			return {};
	}
}

function readHello(bytes: Buffer): Hello {
	return {
		version: bytes.readUInt32BE(0),
		flags: bytes.readUInt32BE(4),
		receiveDelay: bytes.readUInt16BE(8),
		sendDelay: bytes.readUInt16BE(10),
	};
}

/** Text is written as words of 4 bytes with their bytes turned round (section 3.2.1.3). */
function readText(bytes: Buffer): string {
	const turned = Buffer.from(bytes).swap32();
	const end = turned.indexOf(0);
	return turned.subarray(0, end < 0 ? turned.length : end).toString("utf8");
}

function textBytes(text: string): Buffer {
	const bytes = Buffer.from(text, "utf8");
	const padded = Buffer.alloc((bytes.length + 3) & ~3);
	padded.set(bytes);
	return padded.swap32();
}

/** The body of a handshake packet. `isAnswer` tells a listener's extensions from a caller's. */
export function writeHandshake(handshake: Handshake, isAnswer: boolean): Buffer {
	const head = Buffer.alloc(CIF_BYTES);
	head.writeUInt32BE(handshake.version, 0);
	head.writeUInt16BE(handshake.encryption, 4);
	head.writeUInt16BE(handshake.extension, 6);
	head.writeUInt32BE(handshake.initialSequence, 8);
	head.writeUInt32BE(handshake.mtu, 12);
	head.writeUInt32BE(handshake.flowWindow, 16);
	head.writeUInt32BE(handshake.type, 20);
	head.writeUInt32BE(handshake.socketId, 24);
	head.writeUInt32BE(handshake.cookie, 28);
	const { hello, keys, streamId } = handshake;
	const parts: Buffer[] = [head];
	const first = isAnswer ? extension.handshakeResponse : extension.handshakeRequest;
	if (hello) parts.push(writeExtension(first, helloBytes(hello)));
	if (keys) parts.push(writeExtension(isAnswer ? extension.keyResponse : extension.keyRequest, keys));
	if (streamId) parts.push(writeExtension(extension.streamId, textBytes(streamId)));
	return Buffer.concat(parts);
}

function helloBytes({ version, flags, receiveDelay, sendDelay }: Hello): Buffer {
	const bytes = Buffer.alloc(12);
	bytes.writeUInt32BE(version, 0);
	bytes.writeUInt32BE(flags, 4);
	bytes.writeUInt16BE(receiveDelay, 8);
	bytes.writeUInt16BE(sendDelay, 10);
	return bytes;
}

function writeExtension(type: number, bytes: Buffer): Buffer {
	const head = Buffer.alloc(4);
	head.writeUInt16BE(type, 0);
	head.writeUInt16BE(bytes.length / 4, 2);
	return Buffer.concat([head, bytes]);
}
