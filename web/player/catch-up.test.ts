import assert from "node:assert/strict";
import { test } from "node:test";
import { afterCalm, afterWaiting, steer } from "./catch-up.ts";

const place = { at: 9.9, start: 0, end: 10, target: 0.1, smooth: true, rate: 1 };

test("at its target it plays as it is", () => {
	assert.deepEqual(steer(place), { jump: null, rate: 1 });
});

test("a little behind it plays faster, the more the further; Safari does not", () => {
	const little = steer({ ...place, at: 9.75 });
	const more = steer({ ...place, at: 9 });
	assert.ok(little.jump === null && more.jump === null && 1 < little.rate && little.rate < more.rate);
	assert.deepEqual(steer({ ...place, at: 9.75, smooth: false }), { jump: null, rate: 1 });
});

test("what is caught up is caught up whole: the speed does not change with each picture", () => {
	assert.equal(steer({ ...place, at: 9.85, rate: 1 }).rate, 1);
	assert.ok(steer({ ...place, at: 9.85, rate: 1.07 }).rate > 1);
	assert.equal(steer({ ...place, at: 9.91, rate: 1.07 }).rate, 1);
	assert.ok(steer({ ...place, at: 9.7, rate: 1.25 }).rate > steer({ ...place, at: 9.7, rate: 1 }).rate);
});

test("far behind, and before or after what there is, it jumps", () => {
	assert.equal(steer({ ...place, at: 8 }).jump, 9.9);
	assert.equal(steer({ ...place, at: 9.1, smooth: false }).jump, 9.9);
	assert.equal(steer({ ...place, at: 0, start: 9.95 }).jump, 9.95);
	assert.equal(steer({ ...place, at: 12 }).jump, 9.9);
});

test("a link that sends in bursts is given more, and less again when it has calmed down", () => {
	let target = afterCalm();
	for (let i = 0; i < 50; i++) target = afterWaiting(target);
	assert.ok(target > afterCalm() && target <= 0.6);
	for (let i = 0; i < 500; i++) target = afterCalm(target);
	assert.equal(target, 0.08);
});
