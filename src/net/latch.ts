import type { Millis } from "../media/time.ts";

/** After so long without a packet of the sender, another one may take its place. */
const SILENCE_MS: Millis = 2000;

/** What the latch says of a packet. */
export type Admission =
	/** From the present sender. */
	| "same"
	/** From the first sender, or one that takes the place of a silent one: what it sends is a new stream. */
	| "new"
	/** From somebody who may not send, or not now. */
	| "refused";

interface Lane {
	port: number;
	source: number;
	last: Millis;
}

/**
 * Whose packets a UDP source takes: those of one sender at a time. All lanes (the tracks of a stream) come from one
 * address; in each lane they come from one port and one source. Pure: time comes in.
 */
export class SenderLatch {
	readonly #allowed: (address: string) => boolean;
	readonly #lanes = new Map<number, Lane>();
	#address = "";
	#last = Number.NEGATIVE_INFINITY;

	/** `allowed` says who may send at all. */
	constructor(allowed: (address: string) => boolean) {
		this.#allowed = allowed;
	}

	/** The present sender's address; empty where there is none. */
	get address(): string {
		return this.#address;
	}

	/** When its last packet came. */
	get last(): Millis {
		return this.#last;
	}

	/** Judges a packet; `source` tells senders at one port apart (the SSRC), 0 where the protocol has nothing such. */
	admit(lane: number, address: string, port: number, source: number, now: Millis): Admission {
		if (address !== this.#address) return this.#change(lane, address, port, source, now);
		const known = this.#lanes.get(lane);
		if (known && known.port === port && known.source === source) {
			known.last = now;
			this.#last = now;
			return "same";
		}
		if (known && now - known.last < SILENCE_MS) return "refused";
		this.#lanes.set(lane, { port, source, last: now });
		this.#last = now;
		return known ? "new" : "same";
	}

	/** The stream is over: whoever may send can be the next. */
	release(): void {
		this.#address = "";
		this.#last = Number.NEGATIVE_INFINITY;
		this.#lanes.clear();
	}

	#change(lane: number, address: string, port: number, source: number, now: Millis): Admission {
		if (now - this.#last < SILENCE_MS || !this.#allowed(address)) return "refused";
		this.#address = address;
		this.#lanes.clear();
		this.#lanes.set(lane, { port, source, last: now });
		this.#last = now;
		return "new";
	}
}
