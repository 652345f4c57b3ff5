/** What a bad network does to what passes in one direction. Nothing is done where a value is left out. */
export interface Impairment {
	/** Share of datagrams that are lost, 0 to 1. Streams lose nothing. */
	readonly loss?: number;
	readonly delayMs?: number;
	/** Added to the delay: evenly spread from 0 to this. Datagrams may overtake each other by it, streams keep their order. */
	readonly jitterMs?: number;
	/** Bits per second; what is sent faster waits. */
	readonly rate?: number;
	/** Bytes that may wait; datagrams that find no room are lost. 64 kB where nothing is said. */
	readonly queueBytes?: number;
}

/** What became of what was sent. */
export interface Fate {
	passed: number;
	lost: number;
}

const QUEUE_BYTES = 65_536;

/** Numbers from 0 to 1 that are the same in every run with the same seed. */
export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

/**
 * One direction of a bad network. Pure but for the caller's random numbers: it only says when a piece of data arrives.
 */
export class Direction {
	/** May be changed at any time. */
	impairment: Impairment;
	readonly fate: Fate = { passed: 0, lost: 0 };
	readonly #random: () => number;
	/** When the link will have sent all that waits. */
	#free = 0;
	/** When the last piece of a stream arrives. */
	#last = 0;

	constructor(impairment: Impairment, random: () => number) {
		this.impairment = impairment;
		this.#random = random;
	}

	/** When a datagram that is sent `now` (ms) arrives; undefined where it is lost. */
	datagram(bytes: number, now: number): number | undefined {
		const { loss = 0, rate, queueBytes = QUEUE_BYTES } = this.impairment;
		const waiting = rate === undefined ? 0 : (Math.max(0, this.#free - now) * rate) / 8000;
		if (this.#random() < loss || waiting + bytes > queueBytes) {
			this.fate.lost++;
			return undefined;
		}
		this.fate.passed++;
		return this.#sent(bytes, now) + this.#travel();
	}

	/** When a piece of a stream that is sent `now` (ms) arrives: never before what was sent before it. */
	piece(bytes: number, now: number): number {
		this.fate.passed++;
		this.#last = Math.max(this.#last, this.#sent(bytes, now) + this.#travel());
		return this.#last;
	}

	/** When the last bit has left. */
	#sent(bytes: number, now: number): number {
		const { rate } = this.impairment;
		if (rate === undefined) return now;
		this.#free = Math.max(this.#free, now) + (bytes * 8000) / rate;
		return this.#free;
	}

	#travel(): number {
		const { delayMs = 0, jitterMs = 0 } = this.impairment;
		return delayMs + jitterMs * this.#random();
	}
}
