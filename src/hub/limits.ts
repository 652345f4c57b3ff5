import type { Millis } from "../media/time.ts";

/** What a stream may use. Every quantity that a publisher or a reader controls has its bound here. */
export interface StreamLimits {
	/** Bytes kept for joining readers. */
	readonly cacheBytes: number;
	/** Age of the oldest packet kept for joining readers. */
	readonly cacheMs: Millis;
	/** How long packets are kept for repair. */
	readonly repairMs: Millis;
	/** A batch is handed on with the last packet of an access unit, or this long after its first packet. */
	readonly batchMs: Millis;
	/** A reader whose oldest unsent packet is older is cut to the next key frame. */
	readonly behindMs: Millis;
	/** Most tracks of a stream. */
	readonly tracks: number;
	/** Largest RTP packet that is taken, in bytes. */
	readonly packetBytes: number;
	/** Largest access unit that is taken, in bytes. */
	readonly frameBytes: number;
}

export interface PathSettings extends StreamLimits {
	/** The configuration entry that the path goes by. */
	readonly confName: string;
	/** Most readers at a time; 0 for any number. */
	readonly maxReaders: number;
	/** Whether a publisher may take over from another one that is alive. */
	readonly overridePublisher: boolean;
	/** A publisher that was silent for so long may be replaced by any other. */
	readonly silentMs: Millis;
	/** How long readers wait for a publisher that is gone. */
	readonly graceMs: Millis;
}

/** What is not said otherwise. */
export const defaultSettings: PathSettings = {
	confName: "all_others",
	maxReaders: 0,
	overridePublisher: false,
	silentMs: 2000,
	graceMs: 10_000,
	cacheBytes: 16 * 1024 * 1024,
	cacheMs: 10_000,
	repairMs: 1000,
	batchMs: 4,
	behindMs: 1000,
	tracks: 8,
	packetBytes: 65_535,
	frameBytes: 8 * 1024 * 1024,
};

/** Largest RTP packet that leaves: 12 bytes of header and 1200 of payload fit an MTU of 1280 with all that is added. */
export const PACKET_BYTES = 1212;

/** How long a stream that lost packets waits for a key frame before it goes on with what comes. */
export const KEY_FRAME_WAIT_MS = 10_000;

/** A publisher is asked for a key frame at most this often. */
export const KEY_FRAME_REQUEST_MS = 500;
