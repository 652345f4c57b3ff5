import assert from "node:assert/strict";
import { test } from "node:test";
import { randomOf } from "./random.ts";

test("no bytes are given twice, and later calls do not change what was given", () => {
	const given = Array.from({ length: 2000 }, () => randomOf(12));
	const texts = given.map((bytes) => Buffer.from(bytes).toString("hex"));
	assert.equal(new Set(texts).size, 2000);
	assert.ok(given.every(({ length }) => length === 12));
	randomOf(4096);
	assert.deepEqual(
		given.map((bytes) => Buffer.from(bytes).toString("hex")),
		texts,
	);
});
