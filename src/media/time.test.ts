import assert from "node:assert/strict";
import { test } from "node:test";
import { distance16, distance32 } from "./time.ts";

const tables: [
	name: string,
	distance: (a: number, b: number) => number,
	rows: [a: number, b: number, ahead: number][],
][] = [
	[
		"16 bits",
		distance16,
		[
			[5, 3, 2],
			[3, 5, -2],
			[0, 0xffff, 1],
			[0xffff, 0, -1],
			[0x7fff, 0, 0x7fff],
			[0x8000, 0, -0x8000],
		],
	],
	[
		"32 bits",
		distance32,
		[
			[5, 3, 2],
			[0, 0xffff_ffff, 1],
			[0xffff_ffff, 0, -1],
			[0x7fff_ffff, 0, 0x7fff_ffff],
			[0x8000_0000, 0, -0x8000_0000],
		],
	],
];

for (const [name, distance, rows] of tables) {
	test(`distance on a circle of ${name}`, () => {
		for (const [a, b, ahead] of rows) assert.equal(distance(a, b), ahead, `${a} from ${b}`);
	});
}
