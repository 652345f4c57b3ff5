import assert from "node:assert/strict";
import { test } from "node:test";
import { type Batched, Batches } from "./batches.ts";

/** Counts its timers. */
class Still {
	at = 0;
	armed = 0;
	#due: { at: number; call: () => void }[] = [];

	now(): number {
		return this.at;
	}

	after(ms: number, call: () => void): () => void {
		const timer = { at: this.at + ms, call };
		this.armed++;
		this.#due.push(timer);
		return () => {
			this.#due = this.#due.filter((one) => one !== timer);
		};
	}

	pass(ms: number): void {
		const until = this.at + ms;
		for (;;) {
			const next = this.#due.find(({ at }) => at <= until);
			if (!next) break;
			this.#due = this.#due.filter((one) => one !== next);
			this.at = next.at;
			next.call();
		}
		this.at = until;
	}
}

class Source implements Batched {
	openSince = -1;
	readonly batchMs = 4;
	punctual: boolean;
	listed = false;
	/** When batches were handed on because they took too long. */
	readonly expired: number[] = [];
	readonly #clock: Still;

	constructor(clock: Still, punctual: boolean) {
		this.#clock = clock;
		this.punctual = punctual;
	}

	open(batches: Batches): void {
		this.openSince = this.#clock.at;
		batches.opened(this);
	}

	expire(): void {
		this.openSince = -1;
		this.punctual = false;
		this.expired.push(this.#clock.at);
	}
}

test("a batch that stays open is handed on after its time", () => {
	const clock = new Still();
	const batches = new Batches(clock);
	const [one, other] = [new Source(clock, false), new Source(clock, false)];
	one.open(batches);
	clock.pass(3);
	other.open(batches);
	clock.pass(10);
	assert.deepEqual([one.expired, other.expired], [[4], [7]]);
	assert.equal(clock.armed, 2);
});

test("batches that close by themselves for a while cost ten timers a second, however many there are", () => {
	const clock = new Still();
	const batches = new Batches(clock);
	const one = new Source(clock, true);
	for (let picture = 0; picture < 300; picture++) {
		one.open(batches);
		clock.pass(1);
		one.openSince = -1;
		clock.pass(9);
	}
	assert.deepEqual(one.expired, []);
	assert.ok(clock.armed <= 30, `${clock.armed} timers in 3 s`);
});

test("one that was punctual and stalls is handed on when it is looked at next, and is watched closely from then on", () => {
	const clock = new Still();
	const batches = new Batches(clock);
	const one = new Source(clock, true);
	one.open(batches);
	clock.pass(100);
	assert.deepEqual(one.expired, [100]);
	one.open(batches);
	clock.pass(4);
	assert.deepEqual(one.expired, [100, 104]);
});

test("the timer of a punctual one does not make another one late", () => {
	const clock = new Still();
	const batches = new Batches(clock);
	const [patient, hurried] = [new Source(clock, true), new Source(clock, false)];
	patient.open(batches);
	clock.pass(10);
	hurried.open(batches);
	clock.pass(4);
	assert.deepEqual(hurried.expired, [14]);
});
