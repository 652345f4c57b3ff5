import assert from "node:assert/strict";
import { test } from "node:test";
import { type AmfValue, decodeAmf, encodeAmf } from "./amf0.ts";

interface Row {
	readonly name: string;
	readonly values: readonly AmfValue[];
	readonly hex: string;
}

const table: readonly Row[] = [
	{ name: "a number", values: [1], hex: "003ff0000000000000" },
	{ name: "booleans", values: [true, false], hex: "01010100" },
	{ name: "a string", values: ["live"], hex: "0200046c697665" },
	{ name: "an empty string", values: [""], hex: "020000" },
	{ name: "nothing and undefined", values: [null, undefined], hex: "0506" },
	{ name: "an object", values: [{ app: "a" }], hex: "030003617070" + "02000161" + "000009" },
	{ name: "a strict array", values: [[null, true]], hex: "0a00000002" + "05" + "0101" },
	{ name: "an empty object", values: [{}], hex: "03000009" },
	{ name: "an object in an object", values: [{ a: { b: null } }], hex: "030001610300016205000009000009" },
];

for (const { name, values, hex } of table) {
	test(`AMF0: ${name}`, () => {
		assert.equal(encodeAmf(...values).toString("hex"), hex);
		assert.deepEqual(decodeAmf(Buffer.from(hex, "hex")), values);
	});
}

test("AMF0: every cut but the whole is refused or gives fewer values", () => {
	for (const { hex, values } of table) {
		const bytes = Buffer.from(hex, "hex");
		for (let cut = 1; cut < bytes.length; cut++) {
			try {
				assert.ok(decodeAmf(bytes.subarray(0, cut)).length < values.length);
			} catch (error) {
				assert.equal((error as Error).name, "AmfError");
			}
		}
	}
});

test("AMF0: a map is an ECMA array, which reads as an object; its count is a hint", () => {
	const bytes = encodeAmf(new Map<string, AmfValue>([["width", 2]]));
	assert.equal(bytes.subarray(0, 5).toString("hex"), "0800000001");
	assert.deepEqual(decodeAmf(bytes), [{ width: 2 }]);
	bytes[4] = 99;
	assert.deepEqual(decodeAmf(bytes), [{ width: 2 }]);
});

test("AMF0: long strings, dates, and AMF3 behind", () => {
	const long = "x".repeat(70_000);
	assert.deepEqual(decodeAmf(encodeAmf(long)), [long]);
	assert.deepEqual(decodeAmf(Buffer.from("0b3ff00000000000000000" + "11" + "ff", "hex")), [1]);
});

const broken = [
	["an unknown type", "04", /no type 4/],
	["a string that is longer than the message", "02ffff61", /ends too early/],
	["an array of four thousand million", "0affffffff", /ends too early|no type/],
	["nesting without end", "0a00000001".repeat(40), /deeper than 16/],
	["entries without end", `0a0000ffff${"05".repeat(3000)}`, /more than 2048/],
] as const;

for (const [name, hex, reason] of broken) {
	test(`AMF0 refuses ${name}`, () => {
		assert.throws(() => decodeAmf(Buffer.from(hex, "hex")), reason);
	});
}

test("AMF0: a name that would change all objects is left out", () => {
	const bytes = Buffer.from(`0300095f5f70726f746f5f5f03${"000178"}0101000009000009`, "hex");
	const [object] = decodeAmf(bytes);
	assert.equal(Object.getPrototypeOf(object), Object.prototype);
	assert.deepEqual(object, {});
});
