import assert from "node:assert/strict";
import { test } from "node:test";
import { Headcount } from "./headcount.ts";

test("each user has so many places; who leaves, or is replaced, makes room", () => {
	const count = new Headcount(2);
	const leave = count.enter("a");
	assert.equal(count.hasRoom("a", false), true);
	count.enter("a");
	assert.equal(count.hasRoom("a", false), false);
	assert.equal(count.hasRoom("a", true), true);
	assert.equal(count.hasRoom("b", false), true);
	leave();
	assert.equal(count.hasRoom("a", false), true);
});
