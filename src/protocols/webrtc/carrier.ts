import type { Track } from "../../media/track.ts";
import type { SrtpSender } from "../../wire/srtp.ts";
import type { Route } from "./ice.ts";

/** Protects packets, or leaves them as they are where others do. */
export type Sealer = Pick<SrtpSender, "rtp">;

/** One track on its way to one viewer. */
export interface ViewerTrack {
	/** Its number in the stream. */
	readonly index: number;
	readonly track: Track;
	readonly payloadType: number;
	/** The source that all viewers of the stream see. */
	readonly ssrc: number;
	readonly rtx: { readonly payloadType: number; readonly ssrc: number } | undefined;
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
	/** Sequence number after the last one that the track was sent with; Infinity where they may have gone round. */
	next(track: ViewerTrack): number;
	/** Brings the reader's counters up to date. */
	account(): void;
	/** Sends single packets again. */
	resend(track: ViewerTrack, sequences: readonly number[]): void;
	/** Sends everything since the last key frame again. */
	replay(): void;
	/** The viewer has another address. False where this carrier cannot reach it: it takes another one. */
	moved(route: Route): boolean;
	close(): void;
}
