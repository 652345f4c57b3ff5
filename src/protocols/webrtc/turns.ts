import type { Millis } from "../../media/time.ts";

/** How often a session is looked at that connects or publishes. */
const BUSY_MS = 50;
/** The others come once a second, in this many turns. */
const TURNS = 4;
const TURN_MS = 1000 / TURNS;

/** Something that is looked at again and again. */
interface Ticking {
	/** Every 50 ms and not only every second. */
	readonly busy: boolean;
	tick(now: Millis): void;
}

interface Timers {
	now(): Millis;
	/** Calls back once after `ms`; the returned function takes that back. */
	after(ms: Millis, call: () => void): () => void;
}

/**
 * Looks after many sessions by one timer: with nobody busy it wakes four times a second and looks at a quarter of them,
 * which costs less than to wake for each.
 */
export class Turns<T extends Ticking> {
	readonly #timers: Timers;
	readonly #busy = new Set<T>();
	readonly #turns: readonly Set<T>[] = Array.from({ length: TURNS }, () => new Set<T>());
	#turn = 0;
	#turnAt: Millis = 0;
	#cancel: (() => void) | undefined;
	/** The timer that runs is one for busy ones. */
	#hurried = false;

	constructor(timers: Timers) {
		this.#timers = timers;
	}

	/** Takes one in, as a busy one. */
	add(one: T): void {
		this.#busy.add(one);
		if (this.#cancel && this.#hurried) return;
		if (!this.#cancel) this.#turnAt = this.#timers.now() + TURN_MS;
		this.#cancel?.();
		this.#arm();
	}

	delete(one: T): void {
		this.#busy.delete(one);
		for (const turn of this.#turns) turn.delete(one);
		if (this.#isEmpty) this.close();
	}

	/** Looks no more until the next `add`. */
	close(): void {
		this.#cancel?.();
		this.#cancel = undefined;
	}

	get #isEmpty(): boolean {
		return this.#busy.size === 0 && this.#turns.every((turn) => turn.size === 0);
	}

	#arm(): void {
		this.#hurried = this.#busy.size > 0;
		const ms = this.#hurried ? BUSY_MS : Math.max(1, this.#turnAt - this.#timers.now());
		this.#cancel = this.#timers.after(ms, () => this.#look());
	}

	#look(): void {
		this.#cancel = undefined;
		const now = this.#timers.now();
		for (const one of this.#busy) {
			one.tick(now);
			if (!one.busy && this.#busy.delete(one)) this.#quietest().add(one);
		}
		// Timers may be early by a fraction.
		if (now >= this.#turnAt - 1) {
			this.#turnAt = Math.max(now, this.#turnAt) + TURN_MS;
			this.#turn = (this.#turn + 1) % TURNS;
			for (const one of this.#turns[this.#turn]!) one.tick(now);
		}
		if (!this.#cancel && !this.#isEmpty) this.#arm();
	}

	#quietest(): Set<T> {
		return this.#turns.reduce((best, turn) => (turn.size < best.size ? turn : best));
	}
}
