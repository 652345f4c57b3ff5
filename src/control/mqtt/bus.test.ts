import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsFilter } from "./bus.ts";
import { Echoes } from "./echoes.ts";

/** MQTT 5.0 section 4.7. */
const rows: readonly (readonly [filter: string, topic: string, fits: boolean])[] = [
	["a/b", "a/b", true],
	["a/b", "a/b/c", false],
	["a/b/c", "a/b", false],
	["a/+/c", "a/b/c", true],
	["a/+", "a/b/c", false],
	["a/+", "a", false],
	["a/+", "a/", true],
	["a/#", "a/b/c", true],
	["a/#", "a", true],
	["a/#", "b", false],
	["#", "a/b", true],
	["#", "$SYS/a", false],
	["$SYS/#", "$SYS/a", true],
	["+/a", "b/a", true],
];

for (const [filter, topic, fits] of rows) {
	test(`${topic} ${fits ? "fits" : "does not fit"} ${filter}`, () => assert.equal(fitsFilter(filter, topic), fits));
}

test("what was sent comes back as often as it was sent, and is told from what others send", () => {
	const echoes = new Echoes();
	echoes.sent("robot/stream", "start");
	echoes.sent("robot/stream", "start");
	assert.equal(echoes.isOurs("robot/stream", "stop"), false);
	assert.equal(echoes.isOurs("robot/stream", "start"), true);
	assert.equal(echoes.isOurs("robot/stream", "start"), true);
	assert.equal(echoes.isOurs("robot/stream", "start"), false);
	echoes.sent("robot/stream", "start");
	echoes.clear();
	assert.equal(echoes.isOurs("robot/stream", "start"), false);
	for (let n = 0; n < 2000; n++) echoes.sent("x", `${n}`);
	assert.equal(echoes.isOurs("x", "0"), false, "what never comes back is forgotten");
	assert.equal(echoes.isOurs("x", "1999"), true);
});
