import type { Millis } from "../media/time.ts";
import { distance16 } from "../media/time.ts";

/** How many sequence numbers a packet may be ahead of a missing one. A power of two. */
const WINDOW_PACKETS = 64;
/** A jump farther than this, forward or back, is a sender that began anew (RFC 3550 appendix A.1, MAX_DROPOUT). */
const MAX_JUMP_PACKETS = 3000;

/**
 * Puts the packets of one RTP source in order. A missing packet holds the ones after it back until it comes, for
 * `waitMs` or 64 packets; then it is lost. Pure: time comes in with `push` and `tick`. Packets are kept by reference.
 */
export class ReorderWindow {
	readonly #deliver: (packet: Uint8Array) => void;
	readonly #waitMs: Millis;
	readonly #slots: (Uint8Array | undefined)[] = new Array(WINDOW_PACKETS).fill(undefined);
	/** When the packet in the same slot came; Infinity for none. */
	readonly #arrivals = new Float64Array(WINDOW_PACKETS).fill(Infinity);
	#next = -1;
	/** The number that the first packet has, where that is known; else −1. */
	#first = -1;
	#held = 0;
	/** When the packet came that is held longest. */
	#heldSince: Millis = 0;
	/** Packets given up. */
	lost = 0;
	/** Packets that came twice, or after they had been given up. */
	late = 0;

	constructor(deliver: (packet: Uint8Array) => void, waitMs: Millis) {
		this.#deliver = deliver;
		this.#waitMs = waitMs;
	}

	/** The first packet has this number. Counts only where what comes first is at most a window away from it. */
	begin(sequence: number): void {
		this.#first = sequence;
	}

	/** Takes in one packet with its sequence number; delivers what is in order by now. */
	push(sequence: number, packet: Uint8Array, now: Millis): void {
		if (this.#next < 0) this.#next = this.#start(sequence);
		let ahead = distance16(sequence, this.#next);
		if (Math.abs(ahead) > MAX_JUMP_PACKETS) {
			this.#flush();
			this.#next = sequence;
			ahead = 0;
		}
		if (ahead === 0) {
			this.#pass(packet);
			if (this.#held > 0) this.#run();
		} else if (ahead < 0) {
			this.late++;
		} else {
			this.#hold(sequence, ahead, packet, now);
		}
	}

	/** Gives up what was missing for too long. To be called every 10 to 20 ms while `waiting`. */
	tick(now: Millis): void {
		while (this.#held > 0 && now - this.#heldSince >= this.#waitMs) this.#skip();
	}

	/** Whether packets are held back. */
	get waiting(): boolean {
		return this.#held > 0;
	}

	#start(sequence: number): number {
		const ahead = this.#first < 0 ? 0 : distance16(sequence, this.#first);
		return ahead > 0 && ahead < WINDOW_PACKETS ? this.#first : sequence;
	}

	#hold(sequence: number, ahead: number, packet: Uint8Array, now: Millis): void {
		while (ahead >= WINDOW_PACKETS && this.#held > 0) {
			this.#skip();
			ahead = distance16(sequence, this.#next);
		}
		if (ahead >= WINDOW_PACKETS) {
			this.lost += ahead;
			this.#next = sequence;
			ahead = 0;
		}
		if (ahead === 0) {
			this.#pass(packet);
			return;
		}
		const slot = sequence & (WINDOW_PACKETS - 1);
		if (this.#slots[slot]) {
			this.late++;
			return;
		}
		if (this.#held++ === 0) this.#heldSince = now;
		this.#slots[slot] = packet;
		this.#arrivals[slot] = now;
	}

	#pass(packet: Uint8Array): void {
		this.#next = (this.#next + 1) & 0xffff;
		this.#deliver(packet);
	}

	/** Delivers the packets that follow without a gap. */
	#run(): void {
		for (;;) {
			const slot = this.#next & (WINDOW_PACKETS - 1);
			const packet = this.#slots[slot];
			if (!packet) break;
			this.#slots[slot] = undefined;
			this.#arrivals[slot] = Infinity;
			this.#held--;
			this.#pass(packet);
		}
		if (this.#held > 0) this.#heldSince = this.#arrivals.reduce((oldest, one) => Math.min(oldest, one));
	}

	/** Gives up the missing packets before the first that is held. */
	#skip(): void {
		while (!this.#slots[this.#next & (WINDOW_PACKETS - 1)]) {
			this.#next = (this.#next + 1) & 0xffff;
			this.lost++;
		}
		this.#run();
	}

	#flush(): void {
		while (this.#held > 0) this.#skip();
	}
}
