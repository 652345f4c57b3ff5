import { isVp9Key } from "../../media/vp9.ts";
import type { Room } from "./h264.ts";
import type { PayloadHead } from "./recut.ts";

/** Flags of the payload descriptor (RFC 9628 section 4.2). */
const PICTURE_ID = 0x80;
const PREDICTED = 0x40;
const LAYERS = 0x20;
const FLEXIBLE = 0x10;
const BEGIN = 0x08;
const END = 0x04;
const STRUCTURE = 0x02;
/** Pictures that one refers to. */
const MOST_REFERENCES = 3;

/**
 * Bytes of the payload descriptor (RFC 9628 section 4.2) as far as `flags`, its first byte, tell of parts; the payload's
 * or more where it is cut off.
 */
function descriptorBytes(payload: Uint8Array, flags = payload[0]!): number {
	const byte = (at: number): number => payload[at] ?? 0;
	let size = 1;
	if (flags & PICTURE_ID) size += byte(size) & 0x80 ? 2 : 1;
	if (flags & LAYERS) size += flags & FLEXIBLE ? 1 : 2;
	if ((flags & (PREDICTED | FLEXIBLE)) === (PREDICTED | FLEXIBLE)) {
		let references = 1;
		while (byte(size++) & 1 && references < MOST_REFERENCES) references++;
	}
	return flags & STRUCTURE ? size + structureBytes(byte, size) : size;
}

/** The scalability structure at `at` (RFC 9628 section 4.2.1). */
function structureBytes(byte: (at: number) => number, at: number): number {
	const head = byte(at);
	let end = at + 1;
	if (head & 0x10) end += ((head >> 5) + 1) * 4;
	if (!(head & 0x08)) return end - at;
	const pictures = byte(end++);
	for (let i = 0; i < pictures; i++) end += 1 + ((byte(end) >> 2) & 3);
	return end - at;
}

/** The descriptor of a piece of a payload: the structure is told once. */
export const vp9Head: PayloadHead = (payload, isFirst, isLast) => {
	if (descriptorBytes(payload) >= payload.length) return undefined;
	const flags = payload[0]! & ~((isFirst ? 0 : BEGIN | STRUCTURE) | (isLast ? 0 : END));
	const head = Buffer.from(payload.subarray(0, descriptorBytes(payload, flags)));
	head[0] = flags;
	return head;
};

/**
 * Whether the payload begins a frame of the lowest spatial layer at which decoding can start. Who tells nothing but
 * where frames begin and end, as ffmpeg does, does not tell that either: the frame itself does.
 */
export function startsVp9Key(bytes: Uint8Array, at: number, length: number): boolean {
	const flags = bytes[at]!;
	if ((flags & (BEGIN | PREDICTED)) !== BEGIN) return false;
	if ((flags & ~(BEGIN | END)) === 0) return length > 1 && isVp9Key(bytes, at + 1);
	if (!(flags & LAYERS)) return true;
	let layer = 1;
	if (flags & PICTURE_ID) layer += length > 1 && bytes[at + 1]! & 0x80 ? 2 : 1;
	return layer < length && (bytes[at + layer]! & 0x0e) === 0;
}

/** The frames of one picture, a layer each, as one block: more than one as a superframe (VP9 annex B). Undefined where a part is missing. */
export function depayloadVp9(payloads: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
	const frames: Uint8Array[][] = [];
	for (const payload of payloads) {
		if (payload[0]! & BEGIN) frames.push([]);
		const part = payload.subarray(descriptorBytes(payload));
		if (part.length === 0 || frames.length === 0) return undefined;
		frames.at(-1)!.push(part);
	}
	const whole = frames.map((parts) => Buffer.concat(parts));
	if (whole.length === 0 || whole.length > MOST_LAYERS) return undefined;
	return [whole.length > 1 ? superframe(whole) : whole[0]!];
}

/** Frames that a superframe has room for, and the bytes of each one's size. */
const MOST_LAYERS = 8;
const SIZE_BYTES = 4;

function superframe(frames: readonly Uint8Array[]): Buffer {
	const head = 0xc0 | ((SIZE_BYTES - 1) << 3) | (frames.length - 1);
	const sizes = Buffer.alloc(frames.length * SIZE_BYTES);
	for (const [i, { length }] of frames.entries()) sizes.writeUInt32LE(length, i * SIZE_BYTES);
	return Buffer.concat([...frames, Buffer.of(head), sizes, Buffer.of(head)]);
}

/** Writes one frame as RTP payloads of at most `maxPayload` bytes, at least 2, with the shortest descriptor. */
export function payloadVp9(frame: Uint8Array, maxPayload: number, room: Room): void {
	const predicted = isVp9Key(frame, 0) ? 0 : PREDICTED;
	const step = maxPayload - 1;
	for (let at = 0; at < frame.length; at += step) {
		const end = Math.min(at + step, frame.length);
		const last = end === frame.length;
		const out = room(end - at + 1, last);
		out[0] = predicted | (at === 0 ? BEGIN : 0) | (last ? END : 0);
		out.set(frame.subarray(at, end), 1);
	}
}
