import type { PacketRing } from "../net/ring.ts";
import type { Fan } from "./audience.ts";
import type { Stream } from "./stream.ts";

/** A reader's share of a stream's fan-out. */
export interface FanUse<T extends Fan> {
	readonly fan: T;
	/** The reader is gone. May be called more than once. */
	release(): void;
}

/**
 * The fan-out of each stream that has readers on UDP, whatever their protocol: opened for the first of them, closed
 * behind the last. `open` is the sender's.
 */
export class Fans<T extends Fan> {
	readonly #open: (ring: PacketRing) => T;
	readonly #inUse = new Map<Stream, { readonly fan: T; readonly detach: () => void; users: number }>();

	constructor(open: (ring: PacketRing) => T) {
		this.#open = open;
	}

	/** The fan-out that serves this stream. */
	use(stream: Stream): FanUse<T> {
		const entry = this.#inUse.get(stream) ?? this.#start(stream);
		entry.users++;
		let released = false;
		return {
			fan: entry.fan,
			release: () => {
				if (released) return;
				released = true;
				entry.users--;
				if (entry.users === 0) this.#stop(stream);
			},
		};
	}

	#start(stream: Stream): { readonly fan: T; readonly detach: () => void; users: number } {
		const fan = this.#open(stream.ring);
		const entry = { fan, detach: stream.attach(fan), users: 0 };
		this.#inUse.set(stream, entry);
		return entry;
	}

	#stop(stream: Stream): void {
		const entry = this.#inUse.get(stream);
		this.#inUse.delete(stream);
		entry?.detach();
		entry?.fan.close();
	}
}
