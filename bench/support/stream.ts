import { type Memory, memory } from "./sockets.ts";

/** What a load stream looks like. */
export interface StreamShape {
	readonly bitrate: number;
	readonly fps: number;
	/** Frames from one key frame to the next. */
	readonly group: number;
	/** Packets of a key frame. */
	readonly keyPackets: number;
}

/** 2 Mbit/s, 30 frames a second, a key frame of 50 packets every 2 s, others of about 7 packets. */
export const usual: StreamShape = { bitrate: 2_000_000, fps: 30, group: 60, keyPackets: 50 };

/** 6 Mbit/s with key frames of 200 packets. */
export const large: StreamShape = { bitrate: 6_000_000, fps: 30, group: 60, keyPackets: 200 };

const CLOCK_RATE = 90_000;
const PAYLOAD_TYPE = 96;
/** A whole RTP packet. */
const PACKET_BYTES = 1200;
const RTP_HEADER = 12;
const FU_HEADER = 2;
/** STAP-A, RFC 6184 section 5.7.1. */
const AGGREGATE = 0x78;
/** `$`, channel, length: RFC 2326 section 10.12. */
export const FRAME_HEADER = 4;

/** 1280 × 720, baseline profile, level 3.1. */
const sps = Buffer.from("6742c01fd9005005bb016a02020280000003008000001e478c1924", "hex");
const pps = Buffer.from("68cb83cb20", "hex");

/** In a picture's data, behind the slice header: four bytes by which the stamp is found, then the time it was sent. */
const STAMP_MAGIC = Buffer.from([0xb5, 0x9e, 0xd7, 0xa3]);
/** From the start of a packet's payload to the stamp: FU header, then room for a slice header. */
const STAMP_AT = FU_HEADER + 7;
const STAMP_DIGITS = 8;

/** The format parameters of the stream (RFC 6184 section 8.1). */
export const fmtp = `packetization-mode=1;profile-level-id=${sps.subarray(1, 4).toString("hex")};sprop-parameter-sets=${sps.toString("base64")},${pps.toString("base64")}`;

/** The session description of the stream, RFC 8866, RFC 6184 section 8.2.1. */
export function description(): string {
	return [
		"v=0",
		"o=- 0 0 IN IP4 127.0.0.1",
		"s=bench",
		"c=IN IP4 127.0.0.1",
		"t=0 0",
		`m=video 0 RTP/AVP ${PAYLOAD_TYPE}`,
		`a=rtpmap:${PAYLOAD_TYPE} H264/${CLOCK_RATE}`,
		`a=fmtp:${PAYLOAD_TYPE} ${fmtp}`,
		"a=control:trackID=0",
		"",
	].join("\r\n");
}

/** One access unit: interleaved RTP packets one behind the other, ready to be sent but for time and numbers. */
interface Unit {
	readonly memory: Memory;
	/** Where each packet's `$` is; one more for the end. */
	readonly starts: readonly number[];
}

/** Bytes without start codes that look like compressed ones; seeded. */
function noise(bytes: Buffer, seed: number): void {
	let state = seed | 1;
	for (let i = 0; i < bytes.length; i++) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
		bytes[i] = 0x80 | (state >>> 24);
	}
}

function writePacket(unit: Buffer, at: number, payload: number, last: boolean): number {
	unit[at] = 0x24;
	unit.writeUInt16BE(RTP_HEADER + payload, at + 2);
	unit[at + 4] = 0x80;
	unit[at + 5] = PAYLOAD_TYPE | (last ? 0x80 : 0);
	unit.writeUInt32BE(0x76656465, at + 12);
	return at + FRAME_HEADER + RTP_HEADER;
}

function setsUnit(unit: Buffer, start: number): number {
	const length = 1 + 2 + sps.length + 2 + pps.length;
	const at = writePacket(unit, start, length, false);
	unit[at] = AGGREGATE;
	unit.writeUInt16BE(sps.length, at + 1);
	sps.copy(unit, at + 3);
	unit.writeUInt16BE(pps.length, at + 3 + sps.length);
	pps.copy(unit, at + 5 + sps.length);
	return at + length;
}

/** A picture of `size` bytes in fragments (FU-A, RFC 6184 section 5.8); a key frame has its parameter sets before it. */
function makeUnit(size: number, key: boolean, seed: number): Unit {
	const fragment = PACKET_BYTES - RTP_HEADER - FU_HEADER;
	const count = Math.ceil(size / fragment);
	const room = memory(size + (count + 1) * (FRAME_HEADER + RTP_HEADER + FU_HEADER) + 64);
	const { bytes } = room;
	const starts = [0];
	let at = key ? setsUnit(bytes, 0) : 0;
	if (key) starts.push(at);
	for (let i = 0; i < count; i++) {
		const length = FU_HEADER + Math.min(fragment, size - i * fragment);
		const payload = writePacket(bytes, at, length, i === count - 1);
		noise(bytes.subarray(payload, payload + length), seed + i * 7919);
		bytes[payload] = key ? 0x7c : 0x5c;
		bytes[payload + 1] = (key ? 5 : 1) | (i === 0 ? 0x80 : i === count - 1 ? 0x40 : 0);
		// First macroblock 0, then the slice's type: 7 (I) or 5 (P), RFC-free part of H.264 section 7.3.3.
		if (i === 0) bytes[payload + FU_HEADER] = key ? 0x88 : 0x9a;
		if (length > STAMP_AT + STAMP_MAGIC.length + STAMP_DIGITS) STAMP_MAGIC.copy(bytes, payload + STAMP_AT);
		at = payload + length;
		starts.push(at);
	}
	return { memory: room, starts };
}

/** The NAL units of an access unit, without what RTP adds; the last one is the picture. */
function unitsOf({ memory: { bytes }, starts }: Unit): Buffer[] {
	const fragments: Buffer[] = [];
	const sets: Buffer[] = [];
	for (let i = 0; i + 1 < starts.length; i++) {
		const payload = bytes.subarray(starts[i]! + FRAME_HEADER + RTP_HEADER, starts[i + 1]!);
		if (payload[0] === AGGREGATE) sets.push(sps, pps);
		else {
			if (fragments.length === 0) fragments.push(Buffer.of((payload[0]! & 0xe0) | (payload[1]! & 0x1f)));
			fragments.push(payload.subarray(FU_HEADER));
		}
	}
	const picture = Buffer.concat(fragments);
	// Of its fragments only the first one has the stamp.
	const first = picture.indexOf(STAMP_MAGIC);
	for (let at = first; at >= 0; at = picture.indexOf(STAMP_MAGIC, at + 1)) if (at > first) picture[at] = 0x81;
	return [...sets, picture];
}

/** A group of pictures that is played round and round; one for all publishers of a process. */
export class LoadStream {
	readonly shape: StreamShape;
	readonly #units: readonly Unit[];
	/** The same as NAL units, made when they are asked for. */
	readonly #pictures: (readonly Buffer[])[] = [];

	constructor(shape: StreamShape) {
		this.shape = shape;
		const perGroup = (shape.bitrate / 8 / shape.fps) * shape.group;
		const fragment = PACKET_BYTES - RTP_HEADER - FU_HEADER;
		const keySize = (shape.keyPackets - 1) * fragment;
		const rest = (perGroup - shape.keyPackets * PACKET_BYTES) / (shape.group - 1);
		this.#units = Array.from({ length: shape.group }, (_, i) => {
			// Pictures differ a little in size: 90 to 110 %, the same in every run.
			const size = Math.round(rest * (0.9 + ((i * 7) % 21) / 100) * (fragment / PACKET_BYTES));
			return makeUnit(i === 0 ? keySize : size, i === 0, i + 1);
		});
	}

	/** Packets of frame `n`. */
	packets(n: number): number {
		return this.#unit(n).starts.length - 1;
	}

	isKey(n: number): boolean {
		return n % this.shape.group === 0;
	}

	/**
	 * Makes frame `n` of a publisher: the packets' numbers from `sequence` on, the timestamp, and in the picture the time
	 * `stamp` in machine milliseconds. What is returned is valid until the next call.
	 */
	prepare(n: number, sequence: number, stamp: number): Unit {
		const unit = this.#unit(n);
		const { bytes } = unit.memory;
		const timestamp = (n * (CLOCK_RATE / this.shape.fps)) >>> 0;
		for (let i = 0; i + 1 < unit.starts.length; i++) {
			const at = unit.starts[i]! + FRAME_HEADER;
			bytes.writeUInt16BE((sequence + i) & 0xffff, at + 2);
			bytes.writeUInt32BE(timestamp, at + 4);
			const mark = at + RTP_HEADER + STAMP_AT;
			if (bytes[mark] === STAMP_MAGIC[0] && bytes[mark + 3] === STAMP_MAGIC[3]) writeStamp(bytes, mark + 4, stamp);
		}
		return unit;
	}

	/** Frame `n` as NAL units, with the time `stamp` in machine milliseconds in it. What is returned is valid until the next call. */
	picture(n: number, stamp: number): readonly Buffer[] {
		const index = n % this.#units.length;
		const units = this.#pictures[index] ?? unitsOf(this.#unit(n));
		this.#pictures[index] = units;
		const nal = units.at(-1)!;
		writeStamp(nal, nal.indexOf(STAMP_MAGIC) + STAMP_MAGIC.length, stamp);
		return units;
	}

	#unit(n: number): Unit {
		const unit = this.#units[n % this.#units.length];
		if (!unit) throw new RangeError("a stream without frames");
		return unit;
	}
}

/** Microseconds in seven bits a byte, the highest first: no byte is zero, so there is no start code. */
function writeStamp(bytes: Buffer, at: number, machineMs: number): void {
	let rest = Math.round(machineMs * 1000);
	for (let i = STAMP_DIGITS - 1; i >= 0; i--) {
		bytes[at + i] = 0x80 | (rest % 128);
		rest = Math.floor(rest / 128);
	}
}

function readDigits(bytes: Buffer, at: number): number {
	let value = 0;
	for (let i = 0; i < STAMP_DIGITS; i++) value = value * 128 + (bytes[at + i]! & 0x7f);
	return value / 1000;
}

/** The stamps in bytes of any form, each once, in machine milliseconds. */
export function findStamps(bytes: Buffer): ReadonlySet<number> {
	const found = new Set<number>();
	for (let at = bytes.indexOf(STAMP_MAGIC); at >= 0; at = bytes.indexOf(STAMP_MAGIC, at + 1)) {
		const digits = bytes.subarray(at + STAMP_MAGIC.length, at + STAMP_MAGIC.length + STAMP_DIGITS);
		// Headers that cut it in two are smaller numbers.
		if (digits.length === STAMP_DIGITS && digits.every((digit) => digit >= 0x80)) found.add(readDigits(digits, 0));
	}
	return found;
}

/**
 * The stamp in an RTP payload of `length` bytes at `at`, in machine milliseconds; −1 where it carries none. A server that
 * cuts packets anew has moved it: then it is looked for.
 */
export function readStamp(bytes: Buffer, at: number, length: number): number {
	const mark = at + STAMP_AT;
	if (length > STAMP_AT + 12 && bytes.readUInt32BE(mark) === STAMP_MAGIC.readUInt32BE(0)) {
		return readDigits(bytes, mark + 4);
	}
	const found = bytes.subarray(at, at + Math.min(length, 64)).indexOf(STAMP_MAGIC);
	return found < 0 || found + 12 > length ? -1 : readDigits(bytes, at + found + 4);
}
