const STAP_A = 24;
const FU_A = 28;
/** RFC 6184 table 1: the longest unit that a 16-bit aggregation length can carry. */
const AGGREGATE_MAX_BYTES = 0xffff;

/**
 * Gives room for one RTP payload of exactly `length` bytes, which is filled before the next call. `last` marks the last
 * packet of the access unit: its RTP marker bit is set (RFC 6184 section 5.1).
 */
export type Room = (length: number, last: boolean) => Uint8Array;

/**
 * Cuts one access unit into RTP payloads of at most `maxPayload` bytes, in packetization mode 1 (RFC 6184 section 6.3):
 * small neighbours (parameter sets before a key frame) share a STAP-A, what fits goes alone, what does not is cut into
 * FU-A fragments. The payloads are written straight into the caller's memory.
 *
 * @param units NAL units without start codes; empty ones are left out.
 * @param maxPayload bytes per payload without the RTP header, at least 3.
 */
export function payloadH264(units: readonly Uint8Array[], maxPayload: number, room: Room): void {
	const end = lastFilled(units) + 1;
	let i = 0;
	while (i < end) {
		const unit = units[i]!;
		const run = aggregate(units, i, end, maxPayload);
		if (run - i > 1) writeStapA(units, i, run, room, run === end);
		else if (unit.length > maxPayload) writeFuA(unit, maxPayload, room, i + 1 === end);
		else if (unit.length > 0) room(unit.length, i + 1 === end).set(unit);
		i = run;
	}
}

function lastFilled(units: readonly Uint8Array[]): number {
	let last = units.length - 1;
	while (last >= 0 && units[last]!.length === 0) last -= 1;
	return last;
}

/** The end of the run of units from `from` that share one STAP-A: parameter sets and what else fits behind them. */
function aggregate(units: readonly Uint8Array[], from: number, end: number, maxPayload: number): number {
	if (!isParameterSet(units[from]!)) return from + 1;
	let size = 1;
	let to = from;
	while (to < end && units[to]!.length > 0 && units[to]!.length <= AGGREGATE_MAX_BYTES) {
		size += 2 + units[to]!.length;
		if (size > maxPayload) break;
		to += 1;
	}
	return Math.max(to, from + 1);
}

function isParameterSet(unit: Uint8Array): boolean {
	const type = (unit[0] ?? 0) & 0x1f;
	return type === 7 || type === 8;
}

/** RFC 6184 section 5.7.1: F is set if any unit has it, NRI is the highest of all. */
function writeStapA(units: readonly Uint8Array[], from: number, to: number, room: Room, last: boolean): void {
	let length = 1;
	let forbidden = 0;
	let importance = 0;
	for (let i = from; i < to; i++) {
		const unit = units[i]!;
		length += 2 + unit.length;
		forbidden |= unit[0]! & 0x80;
		importance = Math.max(importance, unit[0]! & 0x60);
	}
	const out = room(length, last);
	out[0] = forbidden | importance | STAP_A;
	let at = 1;
	for (let i = from; i < to; i++) {
		const unit = units[i]!;
		out[at] = unit.length >> 8;
		out[at + 1] = unit.length & 0xff;
		out.set(unit, at + 2);
		at += 2 + unit.length;
	}
}

/** RFC 6184 section 5.8. The fragments are of equal size but the last, so that they leave as one GSO message. */
function writeFuA(unit: Uint8Array, maxPayload: number, room: Room, last: boolean): void {
	const indicator = (unit[0]! & 0xe0) | FU_A;
	const type = unit[0]! & 0x1f;
	const step = maxPayload - 2;
	for (let at = 1; at < unit.length; at += step) {
		const end = Math.min(at + step, unit.length);
		const final = end === unit.length;
		const out = room(end - at + 2, last && final);
		out[0] = indicator;
		out[1] = type | (at === 1 ? 0x80 : 0) | (final ? 0x40 : 0);
		out.set(unit.subarray(at, end), 2);
	}
}
