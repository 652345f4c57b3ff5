import assert from "node:assert/strict";
import { test } from "node:test";
import { Wish } from "./wish.ts";

/** What happens, at which second, and what follows: `on` or `off`, why, and when that may change (s). */
type Row = readonly [
	name: string,
	script: (wish: Wish) => void,
	at: number,
	run: boolean,
	reason: RegExp,
	next: number,
];

const NEVER = Number.POSITIVE_INFINITY;
const s = (seconds: number): number => seconds * 1000;

const rows: readonly Row[] = [
	["nothing", () => undefined, 1, false, /nobody wants/, NEVER],
	["an order", (w) => w.order(true), 1, true, /ordered/, NEVER],
	["an order taken back", (w) => [w.order(true), w.order(false)], 1, false, /nobody wants/, NEVER],
	["an order, control lost a while ago", (w) => [w.order(true), w.control(false, s(10))], 69, true, /ordered/, 70],
	[
		"an order, control lost a minute ago",
		(w) => [w.order(true), w.control(false, s(10))],
		70,
		false,
		/no control/,
		NEVER,
	],
	[
		"an order, control lost and found",
		(w) => [w.order(true), w.control(false, s(10)), w.control(true, s(20))],
		100,
		true,
		/ordered/,
		NEVER,
	],
	[
		"control lost is lost since the first time",
		(w) => [w.order(true), w.control(false, s(10)), w.control(false, s(60))],
		71,
		false,
		/no control/,
		NEVER,
	],
	["a trigger", (w) => w.trigger("dog", s(30)), 29, true, /triggered by dog/, 30],
	["a trigger that is over", (w) => w.trigger("dog", s(30)), 30, false, /nobody wants/, NEVER],
	["a shorter trigger ends nothing", (w) => [w.trigger("dog", s(30)), w.trigger("cat", s(5))], 20, true, /dog/, 30],
	["a stop ends a trigger too", (w) => [w.trigger("dog", s(30)), w.order(false)], 20, false, /nobody wants/, NEVER],
	["a trigger lasts without control", (w) => [w.trigger("dog", s(99)), w.control(false, 0)], 98, true, /dog/, 99],
	["a pause is above an order", (w) => [w.order(true), w.pause(true)], 1, false, /paused/, NEVER],
	["a pause is above a trigger", (w) => [w.pause(true), w.trigger("dog", s(9))], 1, false, /paused/, 9],
	[
		"what was ordered while paused runs after",
		(w) => [w.pause(true), w.order(true), w.pause(false)],
		1,
		true,
		/ordered/,
		NEVER,
	],
];

for (const [name, script, at, run, reason, next] of rows) {
	test(`wish: ${name}`, () => {
		const wish = new Wish(false, false);
		script(wish);
		const verdict = wish.verdict(s(at));
		assert.equal(verdict.run, run);
		assert.match(verdict.reason, reason);
		assert.equal(wish.nextChange(s(at)), s(next));
	});
}

test("wish: a camera that is always on stops for a pause only", () => {
	const wish = new Wish(true, false);
	wish.order(false);
	assert.equal(wish.verdict(0).run, true);
	wish.pause(true);
	assert.equal(wish.verdict(0).run, false);
	assert.equal(new Wish(true, true).verdict(0).paused, true);
});
