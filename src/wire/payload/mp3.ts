import type { Room } from "./h264.ts";

/** Two bytes of nothing, and where in the frame the payload begins (RFC 2250 section 3.5). */
export const MP3_PAYLOAD_HEAD_BYTES = 4;

/** Writes one MPEG audio frame as RTP payloads of at most `maxPayload` bytes; `last` marks the frame's last packet. */
export function payloadMp3(frame: Uint8Array, maxPayload: number, room: Room): void {
	const step = maxPayload - MP3_PAYLOAD_HEAD_BYTES;
	for (let at = 0; at < frame.length && at <= 0xffff; at += step) {
		const end = Math.min(at + step, frame.length);
		const out = room(MP3_PAYLOAD_HEAD_BYTES + end - at, end === frame.length);
		out.set([0, 0, at >> 8, at & 0xff]);
		out.set(frame.subarray(at, end), MP3_PAYLOAD_HEAD_BYTES);
	}
}
