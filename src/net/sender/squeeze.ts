/** Timestamps of a burst end up this many times closer to each other (as a shift). */
const SQUEEZE_SHIFT = 5;

/** A burst's timestamp, pressed together with the others so that the live edge (`edge`) follows at once. */
export function pressTimestamp(timestamp: number, edge: number): number {
	const age = (edge - timestamp) | 0;
	return age > 0 ? (edge - (age >>> SQUEEZE_SHIFT)) >>> 0 : timestamp;
}
