import { av1Unit, type Obu, readLeb128, readObus, writeLeb128 } from "../../media/av1.ts";
import type { Room } from "./h264.ts";

/*
 * RTP payload format for AV1 (aomediacodec.github.io/av1-rtp-spec): an aggregation header, then elements, each an OBU
 * without its size or a part of one.
 */

/** The first element goes on with what the packet before ended with; the last one goes on in the next packet. */
const CONTINUES = 0x80;
const TO_BE_CONTINUED = 0x40;
/** A coded video sequence begins. */
export const AV1_NEW_SEQUENCE = 0x08;
const HAS_SIZE = 0x02;
const SEQUENCE_HEADER = 1;

/** The temporal unit as one block, its OBUs with their sizes. Undefined where a part is missing or broken. */
export function depayloadAv1(payloads: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
	const obus: Obu[] = [];
	let parts: Uint8Array[] = [];
	for (const payload of payloads) {
		const flags = payload[0]!;
		const found = elementsOf(payload);
		if (!found || flags >= CONTINUES !== parts.length > 0) return undefined;
		for (const [i, element] of found.entries()) {
			parts.push(element);
			if (i === found.length - 1 && flags & TO_BE_CONTINUED) continue;
			const whole = readObus(Buffer.concat(parts));
			if (whole?.length !== 1) return undefined;
			obus.push(whole[0]!);
			parts = [];
		}
	}
	const unit = parts.length > 0 ? undefined : av1Unit(obus);
	return unit && [unit];
}

/** The elements of a payload (section 4.4): each behind its length, where they are counted all but the last. */
function elementsOf(payload: Uint8Array): Uint8Array[] | undefined {
	const count = (payload[0]! >> 4) & 3;
	const elements: Uint8Array[] = [];
	for (let at = 1; at < payload.length; ) {
		const isLast = elements.length + 1 === count;
		const length = isLast ? { value: payload.length - at, end: at } : readLeb128(payload, at);
		if (!length || length.value === 0 || length.end + length.value > payload.length) return undefined;
		at = length.end + length.value;
		elements.push(payload.subarray(length.end, at));
	}
	return elements.length === 0 || (count > 0 && elements.length !== count) ? undefined : elements;
}

interface Packet {
	readonly continues: boolean;
	readonly elements: Uint8Array[];
	bytes: number;
	isContinued: boolean;
}

/** An element's length takes two bytes at most where payloads are shorter than 16 kB. */
const LENGTH_BYTES = 2;

/** Writes a temporal unit, one block of OBUs with their sizes, as RTP payloads of at most `maxPayload` bytes, at least 4. */
export function payloadAv1(unit: Uint8Array, maxPayload: number, room: Room): void {
	const obus = readObus(unit) ?? [];
	const isNew = obus.some(({ type }) => type === SEQUENCE_HEADER);
	write(packed(obus.map(withoutSize), maxPayload), isNew ? AV1_NEW_SEQUENCE : 0, room);
}

/** Cuts a payload into such of at most `maxPayload` bytes; undefined where it is broken. */
export function recutAv1(payload: Uint8Array, maxPayload: number): Buffer[] | undefined {
	const flags = payload[0]!;
	const elements = elementsOf(payload);
	if (!elements) return undefined;
	const packets = packed(elements, maxPayload, flags >= CONTINUES);
	packets.at(-1)!.isContinued = (flags & TO_BE_CONTINUED) !== 0;
	const pieces: Buffer[] = [];
	write(packets, flags & AV1_NEW_SEQUENCE, (length) => {
		const piece = Buffer.alloc(length);
		pieces.push(piece);
		return piece;
	});
	return pieces;
}

/** `first` are flags of the first packet alone. */
function write(packets: readonly Packet[], first: number, room: Room): void {
	let flags = first;
	for (const [i, { continues, elements, bytes, isContinued }] of packets.entries()) {
		const out = room(bytes, i === packets.length - 1);
		out[0] = flags | (continues ? CONTINUES : 0) | (isContinued ? TO_BE_CONTINUED : 0);
		flags = 0;
		let at = 1;
		for (const element of elements) {
			const length = writeLeb128(element.length);
			out.set(length, at);
			out.set(element, at + length.length);
			at += length.length + element.length;
		}
	}
}

function withoutSize({ header, payload }: Obu): Buffer {
	const whole = Buffer.concat([header, payload]);
	whole[0]! &= ~HAS_SIZE;
	return whole;
}

/** Fills one packet after the other. `continues` is true where the first element goes on with an earlier packet's. */
function packed(elements: readonly Uint8Array[], maxPayload: number, continues = false): Packet[] {
	const packets: Packet[] = [];
	for (const element of elements) {
		for (let at = 0; at < element.length; ) {
			let packet = packets.at(-1);
			if (!packet || packet.isContinued || maxPayload - packet.bytes <= LENGTH_BYTES) {
				const isLater = at > 0 || (continues && packets.length === 0);
				packet = { continues: isLater, elements: [], bytes: 1, isContinued: false };
				packets.push(packet);
			}
			const part = element.subarray(at, at + maxPayload - packet.bytes - LENGTH_BYTES);
			packet.elements.push(part);
			packet.bytes += part.length + writeLeb128(part.length).length;
			at += part.length;
			packet.isContinued = at < element.length;
		}
	}
	return packets;
}
