import { distance16, type Millis } from "../../media/time.ts";

/** Packets that may wait for a missing one. A power of two. */
const SLOTS = 1_024;
/** A jump farther than this is a source that began anew (RFC 3550 appendix A.1). */
const MAX_JUMP = 3_000;
/** Between two requests for the same packet where the round trip is not known. */
const DEFAULT_RETRY_MS = 60;
const MIN_RETRY_MS = 20;
/** Packets asked for at a time: what is lost beyond that is faster repaired by a key frame. */
const MAX_MISSING = 200;

interface Missing {
	readonly since: Millis;
	askedAt: Millis;
}

/**
 * Puts one source's packets in order and asks for the missing ones (RFC 4585 section 6.2.1) until a deadline; then they
 * are lost, and what waited for them goes on. Pure: time comes in. Packets are kept by reference.
 */
export class RepairWindow {
	/** Packets given up. */
	lost = 0;
	/** Packets asked for. */
	asked = 0;
	/** Round trip in milliseconds, 0 where it is not known. */
	roundTripMs = 0;
	readonly #deliver: (packet: Uint8Array) => void;
	readonly #deadlineMs: Millis;
	readonly #held: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);
	readonly #missing = new Map<number, Missing>();
	#next = -1;
	/** One after the highest sequence number seen. */
	#end = 0;

	/** `deadlineMs`: how long a missing packet is waited for. */
	constructor(deadlineMs: Millis, deliver: (packet: Uint8Array) => void) {
		this.#deadlineMs = deadlineMs;
		this.#deliver = deliver;
	}

	/** Whether packets are missing. */
	get waiting(): boolean {
		return this.#missing.size > 0;
	}

	/** Takes one packet with its sequence number; delivers what is in order by now. */
	push(sequence: number, packet: Uint8Array, now: Millis): void {
		if (this.#next < 0 || Math.abs(distance16(sequence, this.#end)) > MAX_JUMP) this.#restart(sequence);
		const ahead = distance16(sequence, this.#next);
		if (ahead < 0) return;
		if (ahead === 0 && this.#missing.size === 0) {
			this.#next = (sequence + 1) & 0xffff;
			this.#end = this.#next;
			this.#deliver(packet);
			return;
		}
		if (ahead >= SLOTS) {
			this.#giveUpBefore(sequence);
			this.push(sequence, packet, now);
			return;
		}
		for (; distance16(sequence, this.#end) >= 0; this.#end = (this.#end + 1) & 0xffff) {
			if (this.#end !== sequence) this.#missing.set(this.#end, { since: now, askedAt: Number.NEGATIVE_INFINITY });
		}
		this.#missing.delete(sequence);
		this.#held[sequence & (SLOTS - 1)] = packet;
		this.#run();
	}

	/** The sequence numbers to ask for now, in order. */
	requests(now: Millis): number[] {
		if (this.#missing.size === 0 || this.#missing.size > MAX_MISSING) return [];
		const retryMs = this.roundTripMs > 0 ? Math.max(MIN_RETRY_MS, this.roundTripMs * 1.2) : DEFAULT_RETRY_MS;
		const due: number[] = [];
		for (const [sequence, missing] of this.#missing) {
			if (now - missing.askedAt < retryMs) continue;
			missing.askedAt = now;
			due.push(sequence);
		}
		this.asked += due.length;
		return due;
	}

	/** Gives up what was missing for too long. To be called every 50 ms or so while `waiting`. */
	tick(now: Millis): void {
		// Entries stand in the order in which they went missing.
		for (const [sequence, missing] of this.#missing) {
			if (now - missing.since < this.#deadlineMs && this.#missing.size <= MAX_MISSING) return;
			this.#missing.delete(sequence);
			this.lost++;
			this.#run();
		}
	}

	/** Delivers from the front until something is missing that is still waited for. */
	#run(): void {
		while (this.#next !== this.#end && !this.#missing.has(this.#next)) {
			const slot = this.#next & (SLOTS - 1);
			const packet = this.#held[slot];
			this.#held[slot] = undefined;
			this.#next = (this.#next + 1) & 0xffff;
			if (packet) this.#deliver(packet);
		}
	}

	/** Everything before `sequence` that is missing is lost. */
	#giveUpBefore(sequence: number): void {
		this.lost += this.#missing.size;
		this.#missing.clear();
		this.#run();
		this.lost += Math.max(0, distance16(sequence, this.#next));
		this.#next = sequence;
		this.#end = sequence;
	}

	#restart(sequence: number): void {
		this.#missing.clear();
		if (this.#next >= 0) this.#run();
		this.#next = sequence;
		this.#end = sequence;
	}
}
