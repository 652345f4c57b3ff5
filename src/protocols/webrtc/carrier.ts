import type { Track } from "../../media/track.ts";
import type { Route } from "./ice.ts";

/** One track on its way to one viewer. */
export interface ViewerTrack {
	/** Its number in the stream. */
	readonly index: number;
	readonly track: Track;
	readonly payloadType: number;
	/** The source that all viewers of the stream see. */
	readonly ssrc: number;
	readonly rtx: { readonly payloadType: number; readonly ssrc: number } | undefined;
	/** Whether the viewer reports what it misses. */
	readonly nack: boolean;
}

/** What one track was sent of. */
export interface SentCount {
	readonly packets: number;
	readonly octets: number;
}

/** How a viewer's packets reach it: by the sender that serves all of them over UDP, or by its own TCP connection. */
export interface Carrier {
	/** Since the viewer joined, for sender reports. */
	sent(track: ViewerTrack): SentCount;
	/** Extended sequence number that no packet of the track was sent with yet. */
	next(track: ViewerTrack): number;
	/** Sends single packets again. */
	resend(track: ViewerTrack, sequences: readonly number[]): void;
	/** Sends everything since the last key frame again. */
	replay(): void;
	/** The viewer has another address. False where this carrier cannot reach it: it takes another one. */
	moved(route: Route): boolean;
	close(): void;
}
