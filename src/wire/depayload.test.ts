import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { depayloadOf } from "./depayload.ts";
import { payloadH264 } from "./payload/h264.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const plain = (units: readonly Uint8Array[] | undefined): number[][] | undefined => units?.map((unit) => [...unit]);

const table = [
	["h264", "a single unit", [bytes(0x65, 1, 2)], [[0x65, 1, 2]]],
	["h264", "STAP-A", [bytes(0x78, 0, 2, 0x67, 9, 0, 1, 0x68)], [[0x67, 9], [0x68]]],
	["h264", "STAP-A that ends too early", [bytes(0x78, 0, 3, 0x67, 9)], undefined],
	["h264", "FU-A", [bytes(0x7c, 0x85, 1), bytes(0x7c, 0x05, 2), bytes(0x7c, 0x45, 3)], [[0x65, 1, 2, 3]]],
	["h264", "FU-A without its start", [bytes(0x7c, 0x05, 2), bytes(0x7c, 0x45, 3)], undefined],
	["h264", "FU-A without its end", [bytes(0x7c, 0x85, 1), bytes(0x7c, 0x05, 2)], undefined],
	["h264", "FU-A broken by another unit", [bytes(0x7c, 0x85, 1), bytes(0x41, 1)], undefined],
	["h265", "a single unit", [bytes(0x26, 1, 7)], [[0x26, 1, 7]]],
	[
		"h265",
		"aggregation",
		[bytes(0x60, 1, 0, 3, 0x40, 1, 5, 0, 2, 0x42, 1)],
		[
			[0x40, 1, 5],
			[0x42, 1],
		],
	],
	["h265", "fragments", [bytes(0x62, 1, 0x93, 1), bytes(0x62, 1, 0x53, 2)], [[0x26, 1, 1, 2]]],
	["vp8", "short descriptor", [bytes(0x10, 1, 2), bytes(0x00, 3)], [[1, 2, 3]]],
	["vp8", "long picture id", [bytes(0x90, 0x80, 0x81, 2, 7)], [[7]]],
	["vp9", "picture id and layers", [bytes(0xa8, 5, 0, 1, 9)], [[9]]],
	["aac", "two access units", [bytes(0, 32, 0, 16, 0, 8, 1, 2, 3)], [[1, 2], [3]]],
	["aac", "a unit that ends too early", [bytes(0, 16, 0, 80, 1)], undefined],
	["opus", "one block", [bytes(1, 2, 3)], [[1, 2, 3]]],
] as const;

for (const [codec, name, payloads, units] of table) {
	test(`${codec}: ${name}`, () => {
		assert.deepEqual(plain(depayloadOf(codec)!(payloads)), units);
	});
}

test("whatever was cut is put together again", () => {
	const unit = fc
		.uint8Array({ minLength: 1, maxLength: 5000 })
		.map((body) => Uint8Array.from([0x60 | ((body[0]! % 12) + 1), ...body]));
	const property = fc.property(fc.array(unit, { minLength: 1, maxLength: 6 }), (units) => {
		const payloads: Uint8Array[] = [];
		payloadH264(units, 1200, (length) => {
			const room = new Uint8Array(length);
			payloads.push(room);
			return room;
		});
		assert.deepEqual(plain(depayloadOf("h264")!(payloads)), plain(units));
	});
	fc.assert(property, { seed: 1, numRuns: 200 });
});

test("no payload breaks it", () => {
	for (const codec of ["h264", "h265", "vp8", "vp9", "aac"] as const) {
		const property = fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })), (payloads) => {
			depayloadOf(codec)!(payloads);
		});
		fc.assert(property, { seed: 2, numRuns: 2000 });
	}
});
