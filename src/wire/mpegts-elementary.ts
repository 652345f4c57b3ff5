import type { Track } from "../media/track.ts";

/** Takes the units of one access unit, with its time in ticks of the track's clock rate. */
export type OnUnits = (units: readonly Uint8Array[], pts: number, key: boolean) => void;

/** One elementary stream of a transport stream, on its way to frames. */
export interface Elementary {
	/** Known once enough has passed. The payload type is left for others to set. */
	readonly track: Track | undefined;
	/** One unit of the stream, whole; `ticks` of 90 kHz. */
	unit(data: Buffer, ticks: number): void;
	/** Something is missing before the next unit. */
	lose(): void;
}
