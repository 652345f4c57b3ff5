import assert from "node:assert/strict";
import { test } from "node:test";
import { nextFrame } from "./pace.ts";

const table = [
	["the first is due at once", 0, 30, -1, { n: 0, waitMs: 0 }],
	["the next waits", 0, 25, 0, { n: 1, waitMs: 40 }],
	["early", 30, 25, 0, { n: 1, waitMs: 10 }],
	["a little late", 55, 25, 0, { n: 1, waitMs: 0 }],
	["a period late: left out", 85, 25, 0, { n: 2, waitMs: 0 }],
	["a second late: left out", 1085, 25, 0, { n: 27, waitMs: 0 }],
] as const;

for (const [name, elapsed, fps, last, expected] of table) {
	test(`nextFrame: ${name}`, () => assert.deepEqual(nextFrame(elapsed, fps, last), expected));
}

test("nextFrame: no drift over an hour of a timer that is up to 3 ms late", () => {
	let now = 0;
	let last = -1;
	let frames = 0;
	while (now < 3_600_000) {
		const next = nextFrame(now, 30, last);
		now += next.waitMs + ((frames * 7) % 31) / 10;
		last = next.n;
		frames += 1;
	}
	assert.ok(Math.abs(frames - 108_000) <= 1, `${frames} frames`);
});
