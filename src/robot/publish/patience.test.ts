import assert from "node:assert/strict";
import { test } from "node:test";
import { Patience } from "./patience.ts";

const waits = (patience: Patience, statuses: readonly (number | undefined)[], lastedMs = 0): number[] =>
	statuses.map((status) => patience.after(status, lastedMs, 1).waitMs);

test("patience: a server that is away, or refuses for any other reason, is called again after 10 s at most", () => {
	const away = [undefined, 403, undefined, 423, undefined, 429, undefined];
	assert.deepEqual(waits(new Patience(), away), [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
	assert.deepEqual(waits(new Patience(), [undefined, undefined], 10_000), [500, 500]);
});

test("patience: a wrong login is tried ever less often, up to minutes, until something else happens", () => {
	const patience = new Patience();
	const wrong = Array<number>(9).fill(401);
	const growing = [2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000];
	assert.deepEqual(waits(patience, wrong), growing);
	assert.deepEqual(
		waits(patience, [429, 503, 402]),
		[300_000, 300_000, 300_000],
		"who is told to wait does not come sooner",
	);
	assert.deepEqual(waits(patience, [undefined, 401], 10_000), [500, 2000]);
	assert.equal(new Patience().after(401, 0, 0).waitMs, 1000, "half of it is chance");
});

test("patience: a wrong login is news once", () => {
	const patience = new Patience();
	const news = [undefined, 401, 401, 429, 401, undefined, 401].map(
		(status) => patience.after(status, 0, 0).isWrongLogin,
	);
	assert.deepEqual(news, [false, true, false, false, false, false, true]);
});
