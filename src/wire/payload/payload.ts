import type { Codec } from "../../media/track.ts";
import { payloadAac } from "./aac.ts";
import { payloadAv1 } from "./av1.ts";
import { payloadH264, type Room } from "./h264.ts";
import { payloadH265 } from "./h265.ts";
import { payloadMp3 } from "./mp3.ts";
import { payloadVp9 } from "./vp9.ts";

/**
 * Cuts one access unit into RTP payloads of at most `maxPayload` bytes and gives them to `emit`; `last` marks the last
 * one of the unit.
 */
export type Payload = (
	units: readonly Uint8Array[],
	maxPayload: number,
	emit: (payload: Uint8Array, last: boolean) => void,
) => void;

/** Gives each payload away when it is filled: when room for the next one is asked for, or at the end. */
function filled(write: (units: readonly Uint8Array[], maxPayload: number, room: Room) => void): Payload {
	return (units, maxPayload, emit) => {
		let written: { bytes: Buffer; last: boolean } | undefined;
		write(units, maxPayload, (length, last) => {
			if (written) emit(written.bytes, written.last);
			written = { bytes: Buffer.allocUnsafe(length), last };
			return written.bytes;
		});
		if (written) emit(written.bytes, written.last);
	};
}

/** The same for a codec whose units are payloads of their own. */
function each(write: (unit: Uint8Array, maxPayload: number, room: Room) => void): Payload {
	return filled((units, maxPayload, room) => {
		for (const unit of units) write(unit, maxPayload, room);
	});
}

/** One block is one payload (RFC 7587 section 4.2, RFC 3551 section 4.5.14). */
const block: Payload = (units, maxPayload, emit) => {
	for (const unit of units) if (unit.length <= maxPayload) emit(Buffer.from(unit), true);
};

const payloads: Readonly<Partial<Record<Codec, Payload>>> = {
	h264: filled(payloadH264),
	h265: filled(payloadH265),
	vp9: each(payloadVp9),
	av1: each(payloadAv1),
	aac: each(payloadAac),
	mp3: each(payloadMp3),
	opus: block,
	pcmu: block,
	pcma: block,
};

/** How a codec's access units become payloads; undefined where that is not known. */
export function payloadOf(codec: Codec): Payload | undefined {
	return payloads[codec];
}
