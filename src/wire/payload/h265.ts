import { H265_PPS, H265_VPS, h265Type } from "../../media/h265.ts";
import type { Room } from "./h264.ts";

const AGGREGATE = 48;
const FRAGMENT = 49;
/** Bytes of a NAL unit's header (RFC 7798 section 1.1.4). */
const UNIT_HEADER_BYTES = 2;
/** The longest unit that a 16-bit aggregation length can carry (RFC 7798 section 4.4.2). */
const AGGREGATE_MAX_BYTES = 0xffff;

/**
 * Cuts one access unit into RTP payloads of at most `maxPayload` bytes (RFC 7798 section 4.4, without decoding order
 * numbers): parameter sets and what follows them share an aggregation packet, what fits goes alone, what does not is cut
 * into fragmentation units. The payloads are written straight into the caller's memory.
 *
 * @param units NAL units without start codes; those without a whole header are left out.
 * @param maxPayload bytes per payload without the RTP header, at least 4.
 */
export function payloadH265(units: readonly Uint8Array[], maxPayload: number, room: Room): void {
	const whole = units.filter((unit) => unit.length >= UNIT_HEADER_BYTES);
	let i = 0;
	while (i < whole.length) {
		const unit = whole[i]!;
		const run = aggregate(whole, i, maxPayload);
		const last = run === whole.length;
		if (run - i > 1) writeAggregate(whole.slice(i, run), room, last);
		else if (unit.length > maxPayload) writeFragments(unit, maxPayload, room, last);
		else room(unit.length, last).set(unit);
		i = run;
	}
}

/** The end of the run of units from `from` that share one packet: parameter sets and what else fits behind them. */
function aggregate(units: readonly Uint8Array[], from: number, maxPayload: number): number {
	const type = h265Type(units[from]![0]!);
	if (type < H265_VPS || type > H265_PPS) return from + 1;
	let size = UNIT_HEADER_BYTES;
	let to = from;
	while (to < units.length && units[to]!.length <= AGGREGATE_MAX_BYTES) {
		size += 2 + units[to]!.length;
		if (size > maxPayload) break;
		to += 1;
	}
	return Math.max(to, from + 1);
}

/** RFC 7798 section 4.4.2: F is set if any unit has it, layer and temporal id are the lowest of all. */
function writeAggregate(units: readonly Uint8Array[], room: Room, last: boolean): void {
	let length = UNIT_HEADER_BYTES;
	let forbidden = 0;
	let layer = 63;
	let temporal = 7;
	for (const unit of units) {
		length += 2 + unit.length;
		forbidden |= unit[0]! & 0x80;
		layer = Math.min(layer, ((unit[0]! & 1) << 5) | (unit[1]! >> 3));
		temporal = Math.min(temporal, unit[1]! & 7);
	}
	const out = room(length, last);
	out[0] = forbidden | (AGGREGATE << 1) | (layer >> 5);
	out[1] = ((layer & 0x1f) << 3) | temporal;
	let at = UNIT_HEADER_BYTES;
	for (const unit of units) {
		out[at] = unit.length >> 8;
		out[at + 1] = unit.length & 0xff;
		out.set(unit, at + 2);
		at += 2 + unit.length;
	}
}

/** RFC 7798 section 4.4.3. The fragments are of equal size but the last, so that they leave as one GSO message. */
function writeFragments(unit: Uint8Array, maxPayload: number, room: Room, last: boolean): void {
	const header = (unit[0]! & 0x81) | (FRAGMENT << 1);
	const type = h265Type(unit[0]!);
	const step = maxPayload - UNIT_HEADER_BYTES - 1;
	for (let at = UNIT_HEADER_BYTES; at < unit.length; at += step) {
		const end = Math.min(at + step, unit.length);
		const final = end === unit.length;
		const out = room(end - at + UNIT_HEADER_BYTES + 1, last && final);
		out[0] = header;
		out[1] = unit[1]!;
		out[2] = type | (at === UNIT_HEADER_BYTES ? 0x80 : 0) | (final ? 0x40 : 0);
		out.set(unit.subarray(at, end), 3);
	}
}
