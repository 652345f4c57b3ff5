import assert from "node:assert/strict";
import { test } from "node:test";
import { Newest } from "./newest.ts";

test("one at a time, the first at once, then the newest; a failure ends nothing", async () => {
	const sent: { value: number; settle: () => void }[] = [];
	const newest = new Newest<number>((value) => {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		sent.push({ value, settle: () => (value === 3 ? reject(new Error("lost")) : resolve()) });
		return promise;
	});
	for (const value of [1, 2, 3]) newest.say(value);
	const values = (): readonly number[] => sent.map(({ value }) => value);
	assert.deepEqual(values(), [1]);
	sent[0]?.settle();
	await new Promise(setImmediate);
	assert.deepEqual(values(), [1, 3]);
	sent[1]?.settle();
	await new Promise(setImmediate);
	newest.say(4);
	assert.deepEqual(values(), [1, 3, 4]);
});
