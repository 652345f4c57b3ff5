/** Milliseconds of a monotonic clock with an arbitrary start, as `performance.now()` gives them. */
export type Millis = number;

/** The distance from `b` to `a` on a 32-bit circle, −2^31 to 2^31 − 1: how far `a` is ahead of `b`. */
export function distance32(a: number, b: number): number {
	return (a - b) | 0;
}

/** The distance from `b` to `a` on a 16-bit circle, −32768 to 32767 (RFC 3550 sequence numbers). */
export function distance16(a: number, b: number): number {
	return ((a - b) << 16) >> 16;
}
