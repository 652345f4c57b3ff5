import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

/** A clock that stands still, and the one timer that may run on it. */
class Still {
	at = 0;
	fired = 0;
	#due: { at: number; call: () => void } | undefined;

	now(): number {
		return this.at;
	}

	after(ms: number, call: () => void): () => void {
		assert.equal(this.#due, undefined, "one timer is enough");
		this.#due = { at: this.at + ms, call };
		return () => {
			this.#due = undefined;
		};
	}

	/** Lets the time pass. */
	pass(ms: number): void {
		const until = this.at + ms;
		while (this.#due && this.#due.at <= until) {
			const { at, call } = this.#due;
			this.#due = undefined;
			this.at = at;
			this.fired++;
			call();
		}
		this.at = until;
	}

	get running(): boolean {
		return this.#due !== undefined;
	}
}

class Session {
	busy = true;
	ticks = 0;

	tick(): void {
		this.ticks++;
	}
}

function many(turns: Turns<Session>, count: number): Session[] {
	const sessions = Array.from({ length: count }, () => new Session());
	for (const one of sessions) turns.add(one);
	return sessions;
}

test("busy sessions come every 50 ms", () => {
	const clock = new Still();
	const [one] = many(new Turns<Session>(clock), 1);
	clock.pass(1000);
	assert.equal(one!.ticks, 20);
});

test("all others come once a second, and the timer wakes four times for all of them", () => {
	const clock = new Still();
	const sessions = many(new Turns<Session>(clock), 100);
	for (const one of sessions) one.busy = false;
	clock.pass(50);
	const before = { fired: clock.fired, ticks: sessions.map(({ ticks }) => ticks) };
	clock.pass(10_000);
	assert.equal(clock.fired - before.fired, 40);
	assert.deepEqual(new Set(sessions.map(({ ticks }, i) => ticks - before.ticks[i]!)), new Set([10]));
});

test("a session that comes is looked at within 50 ms, whatever the others do, who keep their rate", () => {
	const clock = new Still();
	const turns = new Turns<Session>(clock);
	const [old] = many(turns, 1);
	old!.busy = false;
	clock.pass(60);
	const { ticks } = old!;
	for (let i = 0; i < 50; i++) {
		const [fresh] = many(turns, 1);
		clock.pass(60);
		assert.equal(fresh!.ticks, 1);
		turns.delete(fresh!);
		clock.pass(40);
	}
	assert.ok(Math.abs(old!.ticks - ticks - 5) <= 1, `${old!.ticks - ticks} ticks in 5 s`);
});

test("one that ends in its own turn, and the last one that goes, leave no timer", () => {
	const clock = new Still();
	const turns = new Turns<Session>(clock);
	const one = new Session();
	one.tick = () => turns.delete(one);
	turns.add(one);
	clock.pass(100);
	assert.equal(clock.running, false);
	const [other] = many(turns, 1);
	turns.delete(other!);
	assert.equal(clock.running, false);
});
