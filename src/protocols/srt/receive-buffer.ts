import type { Millis } from "../../media/time.ts";
import type { SequenceRange } from "./packet.ts";
import { sequenceAfter, sequenceDistance } from "./sequence.ts";

/** Packets that a connection holds at most, each way; a power of two. */
export const WINDOW_PACKETS = 8192;
const SLOT_MASK = WINDOW_PACKETS - 1;
/** Ranges that one report of losses names: it fits one packet. */
const MAX_RANGES = 150;

/** What became of a packet: `far` is beyond the window, `late` had its turn. */
export type Taken = "new" | "twice" | "late" | "far";

/**
 * Puts packets in order and gives each out when it is due; what is missing then is passed over (draft-sharabayko-srt
 * sections 4.5 and 4.6). Pure.
 */
export class ReceiveBuffer {
	/** Missing packets that were passed over. */
	dropped = 0;
	/** Packets that are held. */
	held = 0;
	/** Made with the first packet: who only reads never sends any. */
	#payloads: (Uint8Array | undefined)[] = [];
	#due = new Float64Array(0);
	/** The next one to be given out. */
	#first: number;
	/** The first that has not come. */
	#missing: number;
	/** The one after the highest that has come. */
	#end: number;

	/** `initial` is the number of the first packet. */
	constructor(initial: number) {
		this.#first = initial;
		this.#missing = initial;
		this.#end = initial;
	}

	/** Everything before this number has come, or is not waited for any more. */
	get missing(): number {
		return this.#missing;
	}

	/** The number after the highest that has come. */
	get end(): number {
		return this.#end;
	}

	/** Packets that there is room for. */
	get room(): number {
		return WINDOW_PACKETS - sequenceDistance(this.#first, this.#end);
	}

	/** Keeps a packet until `due`. Empty payloads hold a place and are not given out. */
	push(sequence: number, payload: Uint8Array, due: Millis): Taken {
		const ahead = sequenceDistance(this.#first, sequence);
		if (ahead < 0) return "late";
		if (ahead >= WINDOW_PACKETS) {
			if (this.held > 0) return "far";
			// The sender has gone on without us for long: nothing of what is between will come.
			this.dropped += ahead;
			this.#first = this.#missing = this.#end = sequence;
		}
		if (this.#payloads.length === 0) {
			this.#payloads = new Array(WINDOW_PACKETS).fill(undefined);
			this.#due = new Float64Array(WINDOW_PACKETS);
		}
		const slot = sequence & SLOT_MASK;
		if (this.#payloads[slot]) return "twice";
		this.#payloads[slot] = payload;
		this.#due[slot] = due;
		this.held++;
		if (sequenceDistance(this.#end, sequence) >= 0) this.#end = sequenceAfter(sequence);
		this.#advance();
		return "new";
	}

	/** Gives out what is due; past what is missing only where it `maySkip`. */
	take(now: Millis, maySkip: boolean, deliver: (payload: Uint8Array) => void): void {
		while (this.#first !== this.#end) {
			const slot = this.#first & SLOT_MASK;
			const payload = this.#payloads[slot];
			if (!payload) {
				if (!maySkip || !this.#skip(now)) return;
				continue;
			}
			if (this.#due[slot]! > now) return;
			this.#payloads[slot] = undefined;
			this.held--;
			this.#first = sequenceAfter(this.#first);
			if (payload.length > 0) deliver(payload);
		}
	}

	/** The sender will not send these any more (section 3.2.9). */
	forget({ from, to }: SequenceRange): void {
		const steps = Math.min(sequenceDistance(from, to), WINDOW_PACKETS);
		for (let i = 0; i <= steps; i++) {
			const sequence = sequenceAfter(from, i);
			if (sequenceDistance(this.#missing, sequence) < 0 || sequenceDistance(sequence, this.#end) <= 0) continue;
			if (this.#payloads[sequence & SLOT_MASK]) continue;
			this.#payloads[sequence & SLOT_MASK] = new Uint8Array(0);
			this.#due[sequence & SLOT_MASK] = 0;
			this.held++;
			this.dropped++;
		}
		this.#advance();
	}

	/** What is missing between those that have come. */
	gaps(): SequenceRange[] {
		const ranges: SequenceRange[] = [];
		let from = -1;
		for (let sequence = this.#missing; sequence !== this.#end; sequence = sequenceAfter(sequence)) {
			const isHere = this.#payloads[sequence & SLOT_MASK] !== undefined;
			if (!isHere && from < 0) from = sequence;
			if (!isHere || from < 0) continue;
			ranges.push({ from, to: sequenceAfter(sequence, -1) });
			from = -1;
			if (ranges.length === MAX_RANGES) return ranges;
		}
		return ranges;
	}

	/** Passes over a gap where the packet behind it is due. */
	#skip(now: Millis): boolean {
		let sequence = this.#first;
		while (!this.#payloads[sequence & SLOT_MASK]) sequence = sequenceAfter(sequence);
		if (this.#due[sequence & SLOT_MASK]! > now) return false;
		this.dropped += sequenceDistance(this.#first, sequence);
		this.#first = sequence;
		if (sequenceDistance(this.#missing, sequence) > 0) this.#missing = sequence;
		this.#advance();
		return true;
	}

	#advance(): void {
		while (this.#missing !== this.#end && this.#payloads[this.#missing & SLOT_MASK]) {
			this.#missing = sequenceAfter(this.#missing);
		}
	}
}
