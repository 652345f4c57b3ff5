import assert from "node:assert/strict";
import { test } from "node:test";
import { Retained } from "./retained.ts";

const MB = 1024 * 1024;

test("kept messages: one client's topics and bytes are bounded, and free again when they are taken away", () => {
	const retained = new Retained();
	for (let i = 0; i < 1000; i++) assert.equal(retained.keep("robot1", `${i}`, 10), undefined);
	assert.equal(retained.keep("robot1", "more", 10), "more than 1000 kept topics");
	assert.equal(retained.keep("robot1", "5", 20), undefined, "in place of its own");
	assert.equal(retained.keep("robot2", "6", 20), undefined, "in place of another's, which has room then");
	assert.equal(retained.keep("robot1", "more", 10), undefined);
	assert.equal(retained.keep("robot1", "5", 0), undefined);
	assert.equal(retained.keep("robot1", "5", 0), undefined, "nothing there any more");
	assert.equal(retained.keep("robot1", "5", MB), "more than 1048576 kept bytes");
	assert.equal(retained.keep("robot1", "5", MB / 2), undefined);
	assert.equal(retained.keep("robot1", "7", MB / 2 + 1), "more than 1048576 kept bytes");
});

test("kept messages: all together are bounded", () => {
	const retained = new Retained();
	for (let i = 0; i < 64; i++) assert.equal(retained.keep(`robot${i}`, `${i}`, MB), undefined);
	assert.equal(retained.keep("robot64", "64", 1), "the broker keeps 67108864 bytes");
	retained.keep("robot0", "0", 0);
	assert.equal(retained.keep("robot64", "64", MB), undefined);
});
