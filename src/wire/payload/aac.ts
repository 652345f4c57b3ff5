import type { Room } from "./h264.ts";

/** AU-headers-length and one AU header of 16 bits (RFC 3640 section 3.2.1). */
const HEADER_BYTES = 4;
/** What 13 bits of size can tell (RFC 3640 section 3.3.6). */
const UNIT_MAX_BYTES = 0x1fff;

/**
 * Writes one AAC access unit as RTP payloads of at most `maxPayload` bytes, in mode AAC-hbr (RFC 3640 section 3.3.6):
 * one unit per packet; a larger one is cut, and each fragment tells the size of the whole unit (section 3.2.3). Units
 * that the mode has no size for are left out.
 *
 * @param room gives room for one payload; `last` marks the unit's last packet.
 */
export function payloadAac(unit: Uint8Array, maxPayload: number, room: Room): void {
	if (unit.length === 0 || unit.length > UNIT_MAX_BYTES) return;
	const step = maxPayload - HEADER_BYTES;
	for (let at = 0; at < unit.length; at += step) {
		const end = Math.min(at + step, unit.length);
		const out = room(HEADER_BYTES + end - at, end === unit.length);
		out[0] = 0;
		out[1] = 16;
		out[2] = unit.length >> 5;
		out[3] = (unit.length << 3) & 0xff;
		out.set(unit.subarray(at, end), HEADER_BYTES);
	}
}
