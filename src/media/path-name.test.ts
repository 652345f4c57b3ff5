import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePathName, pathNameFault } from "./path-name.ts";

const good = [
	"camera",
	"live/stream",
	"robot1/front",
	"a.b-c_d/E/0",
	"streaming",
	"x/stream",
	"...",
	"a..b",
	"__proto__",
];

const bad: readonly (readonly [string, RegExp])[] = [
	["", /empty/],
	["/", /begin or end/],
	["/a", /begin or end/],
	["a/", /begin or end/],
	["a//b", /two in a row/],
	["a/../b", /segment/],
	["..", /segment/],
	["./a", /segment/],
	["a b", /only letters/],
	["a\n", /only letters/],
	["caméra", /only letters/],
	["a%2fb", /only letters/],
	["a\0", /only letters/],
	["stream", /"stream"/],
	["api/x", /"api"/],
	["v3/paths", /"v3"/],
	["x".repeat(201), /201 characters, at most 200/],
];

test("good names pass unchanged", () => {
	for (const name of good) assert.equal(parsePathName(name), name);
});

test("bad names are refused with the reason", () => {
	for (const [name, reason] of bad) {
		assert.equal(parsePathName(name), undefined, name);
		assert.match(pathNameFault(name) ?? "", reason);
	}
});

test("a name that passes never leaves its folder and is at home in an address", () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(..."aZ0_-./ %\\") }), (text) => {
			const name = parsePathName(text);
			if (name === undefined) return;
			const url = new URL(`http://host/${name}`);
			assert.equal(url.pathname, `/${name}`);
		}),
		{ seed: 1, numRuns: 5000 },
	);
});
