import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsFilter } from "./bus.ts";

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
