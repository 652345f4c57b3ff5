import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffMs, sleep } from "./backoff.ts";

const backoff = { firstMs: 500, mostMs: 15_000 };

test("backoff: doubles and stays at its most", () => {
	const waits = [1, 2, 3, 4, 5, 6, 7, 1000].map((failures) => backoffMs(backoff, failures, 1));
	assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test("backoff: the random part is the upper half", () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
			const whole = backoffMs(backoff, failures, 1);
			const wait = backoffMs(backoff, failures, random);
			assert.ok(wait >= whole / 2 && wait <= whole);
		}),
		{ seed: 3 },
	);
});

test("sleep: ends early where it is aborted", async () => {
	const abort = new AbortController();
	const slept = sleep(60_000, abort.signal);
	abort.abort();
	await slept;
	await sleep(60_000, abort.signal);
});
