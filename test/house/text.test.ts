import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { filesOf } from "../../scripts/house/sources.ts";

/** What turns a check off, or is left for later. The words are cut in two so that this file does not hold them. */
const unwanted = new RegExp(["biome-" + "ignore", "@ts-" + "\\w+", "TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|"));

/** A file that is longer does more than one thing. */
const MAX_LINES = 500;

const sources = filesOf("{src,web,test,scripts,bench}/**/*.{ts,js}").map((file) => ({
	file,
	lines: readFileSync(file, "utf8").split("\n"),
}));

test("no check is turned off, nothing is left for later", () => {
	const faults = sources.flatMap(({ file, lines }) =>
		lines.flatMap((line, index) => (unwanted.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
	);
	assert.deepEqual(faults, []);
});

test("no file is too long", () => {
	const long = sources.filter(({ lines }) => lines.length > MAX_LINES);
	assert.deepEqual(
		long.map(({ file, lines }) => `${file}: ${lines.length} lines, at most ${MAX_LINES}`),
		[],
	);
});
