/** Packet sequence numbers: 31 bits on a circle (draft-sharabayko-srt section 3.1). Pure. */

const SEQUENCE_MASK = 0x7fff_ffff;

/** The number `by` steps ahead, or behind where negative. */
export function sequenceAfter(sequence: number, by = 1): number {
	return (sequence + by) & SEQUENCE_MASK;
}

/** Steps from one number to another by the shortest way: negative where `to` is behind. */
export function sequenceDistance(from: number, to: number): number {
	return ((to - from) << 1) >> 1;
}
