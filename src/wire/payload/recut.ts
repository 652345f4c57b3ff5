import type { Codec } from "../../media/track.ts";
import { recutAv1 } from "./av1.ts";
import { vp8Head } from "./vp8.ts";
import { vp9Head } from "./vp9.ts";

/** Cuts a payload into such of at most `maxPayload` bytes that mean the same; undefined where it is broken. */
type Recut = (payload: Uint8Array, maxPayload: number) => Uint8Array[] | undefined;

/**
 * The descriptor that a payload begins with, as it is for the first or for a later piece of it, which may be the last.
 * Undefined where it is cut off.
 */
export type PayloadHead = (payload: Uint8Array, isFirst: boolean, isLast: boolean) => Buffer | undefined;

/** Each piece has a descriptor of its own. */
function described(headOf: PayloadHead): Recut {
	return (payload, maxPayload) => {
		const pieces: Buffer[] = [];
		const whole = headOf(payload, true, true);
		for (let at = whole?.length ?? payload.length; at < payload.length; ) {
			const isFirst = pieces.length === 0;
			const room = maxPayload - headOf(payload, isFirst, true)!.length;
			if (room <= 0) return undefined;
			const end = Math.min(at + room, payload.length);
			const head = headOf(payload, isFirst, end === payload.length)!;
			pieces.push(Buffer.concat([head, payload.subarray(at, end)]));
			at = end;
		}
		return pieces.length > 0 ? pieces : undefined;
	};
}

const recuts: Readonly<Partial<Record<Codec, Recut>>> = {
	vp8: described(vp8Head),
	vp9: described(vp9Head),
	av1: recutAv1,
};

/** How payloads of a codec are cut into smaller ones; undefined where each is cut in a way of its own, or none is. */
export function recutOf(codec: Codec): Recut | undefined {
	return recuts[codec];
}
