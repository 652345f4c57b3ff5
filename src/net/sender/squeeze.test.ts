import assert from "node:assert/strict";
import { test } from "node:test";
import { pressTimestamp, squeezeOf } from "./squeeze.ts";

const RATE = 90_000;
const SPAN = 3600;

function press(timestamp: number, latest: number, earliest: number): number {
	const { edge, factor } = squeezeOf(earliest, latest, RATE);
	return pressTimestamp(timestamp, edge, factor);
}

test("a burst of any length spans 40 ms and ends at the live edge", () => {
	for (const seconds of [0.5, 2, 10]) {
		const latest = seconds * RATE;
		assert.equal(press(latest, latest, 0), latest);
		assert.equal(press(0, latest, 0), latest - SPAN);
	}
});

test("a burst shorter than that stays as it is", () => {
	assert.equal(press(0, 3000, 0), 0);
	assert.equal(press(700, 700, 700), 700);
});

test("the order of timestamps stays, across the wrap and for pictures shown in another order than sent", () => {
	const latest = 30_000;
	const earliest = latest - 10 * RATE + 2 ** 32;
	const pressed = (timestamp: number) => (press(timestamp >>> 0, latest, earliest) - latest) | 0;
	const frames = Array.from({ length: 301 }, (_, n) => pressed(earliest + n * 3000));
	assert.ok(frames.every((one, n) => n === 0 || one > frames[n - 1]!));
	assert.deepEqual([frames[0], frames[300]], [-SPAN, 0]);
});
