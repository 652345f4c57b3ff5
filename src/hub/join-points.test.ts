import assert from "node:assert/strict";
import { test } from "node:test";
import { JoinPoints } from "./join-points.ts";

/** A ring that holds packets from `tail` on, and notes where it is told that readers may start. */
function ringFrom(tail: number) {
	const joins: number[] = [];
	return { tail, joins, setJoin: (number: number) => void joins.push(number) };
}

test("readers begin at the oldest of their own tracks' key frames", () => {
	const points = new JoinPoints(ringFrom(0), 3);
	assert.equal(points.oldest([0, 1, 2]), -1);
	points.mark(1, 5);
	points.mark(0, 7);
	assert.deepEqual([points.of(0), points.of(1), points.of(2), points.of(9)], [7, 5, -1, -1]);
	assert.equal(points.oldest([0]), 7);
	assert.equal(points.oldest([0, 1, 2]), 5);
	assert.equal(points.oldest([2]), -1);
	points.mark(1, 8);
	assert.equal(points.oldest([0, 1]), 7);
});

test("the ring keeps what the tracks need together, and nothing once that is cleared", () => {
	const ring = ringFrom(0);
	const points = new JoinPoints(ring, 2);
	points.mark(0, 3);
	points.mark(1, 6);
	points.mark(0, 8);
	points.clear();
	assert.deepEqual(ring.joins, [3, 3, 6, -1]);
	assert.deepEqual([points.of(0), points.oldest([0, 1])], [-1, -1]);
});

test("nobody begins at what the ring has let go of", () => {
	const ring = ringFrom(0);
	const points = new JoinPoints(ring, 2);
	points.mark(0, 5);
	ring.tail = 6;
	assert.equal(points.oldest([0]), -1);
	assert.equal(points.of(0), 5);
	points.mark(1, 39);
	assert.equal(points.oldest([0, 1]), 39);
	assert.equal(ring.joins.at(-1), 39);
});
