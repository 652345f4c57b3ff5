import { distance32 } from "../../media/time.ts";

/** How much time the timestamps of a burst span towards who gets it. */
const PRESSED_MS = 40;
/** What factors are parts of. */
const WHOLE = 2 ** 30;

/** How the timestamps of a burst are pressed together, so that the live edge follows at once. */
export interface Squeeze {
	/** The newest timestamp of the burst: it stays. */
	readonly edge: number;
	/** How near to it the others come. */
	readonly factor: number;
}

/** Presses what spans `earliest` to `latest` into 40 ms; what is shorter stays as it is. */
export function squeezeOf(earliest: number, latest: number, clockRate: number): Squeeze {
	const span = Math.max(1, distance32(latest, earliest));
	const share = Math.min(1, (PRESSED_MS * clockRate) / 1000 / span);
	return { edge: latest, factor: Math.max(1, Math.round(share * WHOLE)) };
}

/** What a timestamp of the burst becomes. */
export function pressTimestamp(timestamp: number, edge: number, factor: number): number {
	const age = distance32(edge, timestamp);
	return age > 0 ? (edge - Math.round((age * factor) / WHOLE)) >>> 0 : timestamp;
}
