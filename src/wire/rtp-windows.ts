import { distance16, type Millis } from "../media/time.ts";
import { rtpSequence } from "./rtp.ts";
import { ReorderWindow } from "./rtp-window.ts";

/** How long a missing packet is waited for at most: nobody sends it again, and paths that reorder do so by little. */
const REORDER_MS = 40;
/** How often missing packets are looked after, while there are some. */
const SETTLE_MS = 20;
/** First packets that are held at most: as far as one packet may be ahead of another. */
const MAX_EARLY = 64;

/** Time for the windows. */
interface Timing {
	now(): Millis;
	/** Calls back once after `ms`; the returned function takes that back. */
	after(ms: Millis, call: () => void): () => void;
}

/**
 * A window for each track of one sender, with the timers that they need. The very first packets are held until all that
 * they overtook has had the time to come: a window takes the first one it is given for the beginning, and what comes
 * late, such as the parameter sets before a key frame, would be dropped. Packets are kept by reference.
 */
export class ReorderWindows {
	readonly #windows: readonly ReorderWindow[];
	readonly #timing: Timing;
	readonly #waitMs: Millis;
	/** The first packets; undefined once they are on their way. */
	#early: { readonly track: number; readonly packet: Uint8Array }[] | undefined;
	#cancelTimer: (() => void) | undefined;

	/** `reorderMs` is how long a missing packet is waited for, 40 ms at most; 0 for not at all. */
	constructor(tracks: number, reorderMs: Millis, timing: Timing, deliver: (track: number, packet: Uint8Array) => void) {
		this.#timing = timing;
		this.#waitMs = Math.min(REORDER_MS, reorderMs);
		this.#windows = Array.from({ length: tracks }, (_, track) => {
			return new ReorderWindow((packet) => deliver(track, packet), this.#waitMs);
		});
		if (this.#waitMs > 0) this.#early = [];
	}

	/** A track's first packet has this number, its sender says. */
	begin(track: number, sequence: number): void {
		this.#windows[track]?.begin(sequence);
	}

	/** Takes in one RTP packet of a track, of 12 bytes at least. */
	push(track: number, packet: Uint8Array, now: Millis): void {
		if (this.#early) {
			this.#early.push({ track, packet });
			if (this.#early.length >= MAX_EARLY) this.#start();
			else this.#cancelTimer ??= this.#timing.after(this.#waitMs, () => this.#start());
			return;
		}
		const window = this.#windows[track]!;
		window.push(rtpSequence(packet, 0), packet, now);
		if (window.waiting) this.#cancelTimer ??= this.#timing.after(SETTLE_MS, () => this.#settle());
	}

	/** Stops the timers. What is held is dropped. */
	close(): void {
		this.#cancelTimer?.();
		this.#early = undefined;
	}

	#start(): void {
		this.#cancelTimer?.();
		const now = this.#timing.now();
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const [track, window] of this.#windows.entries()) {
			const own = early.filter((one) => one.track === track).map(({ packet }) => packet);
			own.sort((a, b) => distance16(rtpSequence(a, 0), rtpSequence(b, 0)));
			for (const packet of own) window.push(rtpSequence(packet, 0), packet, now);
		}
		this.#settle();
	}

	/** Gives up packets that were missing for too long. */
	#settle(): void {
		const now = this.#timing.now();
		this.#cancelTimer = undefined;
		for (const window of this.#windows) window.tick(now);
		if (this.#windows.some((window) => window.waiting)) {
			this.#cancelTimer = this.#timing.after(SETTLE_MS, () => this.#settle());
		}
	}
}
