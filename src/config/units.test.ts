import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDuration, parseSize } from "./units.ts";

test("times", () => {
	const table: readonly (readonly [string, number | undefined])[] = [
		["4 ms", 4],
		["10s", 10_000],
		["1m30s", 90_000],
		["1 m 30 s", 90_000],
		["1.5 s", 1500],
		["12 h", 43_200_000],
		["0 s", 0],
		["10", undefined],
		["s", undefined],
		["", undefined],
		["-1 s", undefined],
		["1 week", undefined],
		["1 constructor", undefined],
		["1  s", undefined],
	];
	for (const [text, value] of table) assert.equal(parseDuration(text), value, text);
});

test("sizes", () => {
	const table: readonly (readonly [string, number | undefined])[] = [
		["16 MiB", 16_777_216],
		["1500 B", 1500],
		["64kB", 64_000],
		["0.5 KiB", 512],
		["16 mb", undefined],
		["16", undefined],
	];
	for (const [text, value] of table) assert.equal(parseSize(text), value, text);
});

test("any text gives a finite number or nothing", () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(..."0123456789. msMiBh-e") }), (text) => {
			const value = parseDuration(text) ?? parseSize(text);
			assert.ok(value === undefined || (Number.isFinite(value) && value >= 0));
		}),
		{ seed: 2, numRuns: 5000 },
	);
});
