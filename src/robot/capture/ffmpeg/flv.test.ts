import assert from "node:assert/strict";
import { test } from "node:test";
import { FlvReader } from "./flv.ts";

const file = Buffer.from(
	[
		"464c5601 01 00000009 00000000", // header, first back pointer
		"12 000003 000000 00 000000 020000 0000000e", // script data, left out
		"09 000017 000000 00 000000 17 00 000000 01 42c01f ff e1 0004 6742c01f 01 0003 68ce3c 00000022",
		"09 00000b 000021 00 000000 17 01 000000 00000002 6588 00000016",
		"09 00000a ffffff 01 000000 27 01 000000 00000001 41 00000015",
	]
		.join("")
		.replaceAll(" ", ""),
	"hex",
);

const expected = [
	{ timeMs: 0, configuration: true, units: ["6742c01f", "68ce3c"] },
	{ timeMs: 33, configuration: false, units: ["6588"] },
	{ timeMs: 0x1ffffff, configuration: false, units: ["41"] },
];

test("FLV: the pictures come out of every split in two", () => {
	for (let at = 0; at <= file.length; at++) {
		const got: unknown[] = [];
		const reader = new FlvReader(({ units, ...picture }) => {
			got.push({ ...picture, units: units.map((unit) => Buffer.from(unit).toString("hex")) });
		});
		reader.push(file.subarray(0, at));
		reader.push(file.subarray(at));
		assert.deepEqual(got, expected);
	}
});
