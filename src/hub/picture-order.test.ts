import assert from "node:assert/strict";
import { test } from "node:test";
import { PictureOrder } from "./picture-order.ts";

const RATE = 90_000;
const PICTURE = 3000;

/** Pictures at 30 a second, with the steps between their timestamps, in pictures. */
function show(order: PictureOrder, steps: readonly number[], from: { at: number; now: number }): void {
	for (const step of steps) {
		from.at += step * PICTURE;
		from.now += 1000 / 30;
		order.see(from.at, from.now);
	}
}

test("B-frames are known by the first, across the end of the counter, and forgotten a minute after the last", () => {
	const order = new PictureOrder(RATE);
	const from = { at: 2 ** 32 - 2 * PICTURE, now: 0 };
	show(order, [1, 1, 1, 1], from);
	assert.equal(order.reordered, false);
	show(order, [3, -2, 1, 3, -2], from);
	assert.equal(order.reordered, true);
	const last = from.now;
	while (from.now < last + 60_000 - 1000) show(order, [1, 1, 1], from);
	assert.equal(order.reordered, true);
	while (from.now < last + 60_000 + 1000) show(order, [1, 1, 1], from);
	assert.equal(order.reordered, false);
});

test("a clock that is set back is no B-frame", () => {
	const order = new PictureOrder(RATE);
	show(order, [1, 1, -90, 1, 1, -30_000, 1], { at: 10 * RATE, now: 0 });
	assert.equal(order.reordered, false);
	show(order, [1, -89], { at: 10 * RATE, now: 0 });
	assert.equal(order.reordered, true);
});

test("another publisher's pictures are looked at anew", () => {
	const order = new PictureOrder(RATE);
	const from = { at: 10 * RATE, now: 0 };
	show(order, [1, 3, -2], from);
	assert.equal(order.reordered, true);
	order.begin();
	assert.equal(order.reordered, false);
	show(order, [-1, 1, 1], from);
	assert.equal(order.reordered, false);
});
