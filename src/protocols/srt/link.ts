import type { Millis } from "../../media/time.ts";
import type { Keys } from "./crypto.ts";
import { HEAD_BYTES, writeControl, writeDataHead } from "./packet.ts";
import { RoundTrip } from "./round-trip.ts";
import type { Kept } from "./send-buffer.ts";
import type { KeyRefresh } from "./send-keys.ts";
import { noStatistics, type Statistics } from "./statistics.ts";

const TIMESTAMP_US = 1000;

/** What a handshake has agreed on. */
export interface SessionSettings {
	readonly socketId: number;
	readonly peerSocketId: number;
	/** Number of the first packet each way. */
	readonly initialSequence: number;
	/** When our socket began: its timestamps count from then. */
	readonly startedAt: Millis;
	/** Timestamp of the peer's handshake packet, and when it came. */
	readonly peerTimestamp: number;
	readonly peerAt: Millis;
	/** How long what comes is held back. */
	readonly receiveDelay: Millis;
	/** How long the peer holds back what we send. */
	readonly sendDelay: Millis;
	readonly keys: Keys | undefined;
	readonly refresh?: KeyRefresh | undefined;
}

/** What a session tells its owner. Must not throw. */
export interface SessionEvents {
	/** A datagram for the peer. The head means nothing after the call, the payload behind it never changes. */
	send(head: Buffer, payload?: Uint8Array): void;
	/** The next message of the stream. */
	data(payload: Uint8Array): void;
	/** The session is over: the peer left, or is silent. Called once; not after `close`. */
	closed(reason: string): void;
}

/** What both directions of a session share: the way to the peer, the round trip, and what is counted. Pure. */
export class Link {
	readonly settings: SessionSettings;
	readonly events: SessionEvents;
	readonly statistics: Statistics = noStatistics();
	readonly roundTrip = new RoundTrip();
	/** When the last datagram was sent. */
	spokeAt: Millis;
	/** Of the data packet that is being sent. */
	readonly #head = Buffer.alloc(HEAD_BYTES);

	constructor(settings: SessionSettings, events: SessionEvents, now: Millis) {
		this.settings = settings;
		this.events = events;
		this.spokeAt = now;
	}

	/** What the clock of our socket says: microseconds, of 32 bits. */
	timestamp(now: Millis): number {
		return Math.floor((now - this.settings.startedAt) * TIMESTAMP_US) >>> 0;
	}

	/** Sends a control packet; `type` and `subtype` as in section 3.2, table 1, and `info` as the type has it. */
	control(type: number, subtype: number, info: number, now: Millis, body?: Uint8Array): void {
		this.spokeAt = now;
		this.events.send(writeControl(type, subtype, info, this.timestamp(now), this.settings.peerSocketId, body));
	}

	/** Sends a data packet, for the first time or again. */
	data({ payload, key, message, timestamp }: Kept, sequence: number, isAgain: boolean, now: Millis): void {
		writeDataHead(this.#head, sequence, message, key, timestamp, this.settings.peerSocketId, isAgain);
		this.spokeAt = now;
		this.events.send(this.#head, payload);
	}
}
