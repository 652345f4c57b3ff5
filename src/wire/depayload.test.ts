import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { depayloadOf } from "./depayload.ts";
import { payloadH264 } from "./payload/h264.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const plain = (units: readonly Uint8Array[] | undefined): number[][] | undefined => units?.map((unit) => [...unit]);

/** N_S = 1 with sizes, and three pictures with none, one and two references (RFC 9628 section 4.2.1). */
const vp9Structure = bytes(0x8e, 5, 0x38, 1, 64, 0, 180, 2, 128, 1, 104, 3, 0x00, 0x14, 1, 0x28, 1, 2, 9);

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
	["vp9", "part of a frame whose beginning is missing", [bytes(0x84, 5, 9)], undefined],
	["vp9", "two references of a flexible stream", [bytes(0xdc, 5, 3, 4, 9)], [[9]]],
	["vp9", "sizes of two layers, and what three pictures refer to", [vp9Structure], [[9]]],
	[
		"vp9",
		"two layers are a superframe",
		[bytes(0x8c, 5, 7), bytes(0x88, 5, 8), bytes(0x84, 5, 9)],
		[[7, 8, 9, 0xd9, 1, 0, 0, 0, 2, 0, 0, 0, 0xd9]],
	],
	["av1", "one OBU, counted", [bytes(0x10, 0x30, 7)], [[0x32, 1, 7]]],
	["av1", "two OBUs, the first with its length", [bytes(0x28, 2, 0x08, 5, 0x30, 7)], [[0x0a, 1, 5, 0x32, 1, 7]]],
	["av1", "OBUs with lengths, the delimiter is left out", [bytes(0x00, 1, 0x10, 2, 0x30, 7)], [[0x32, 1, 7]]],
	["av1", "one that tells its own size", [bytes(0x10, 0x32, 1, 7)], [[0x32, 1, 7]]],
	["av1", "an OBU over three packets", [bytes(0x50, 0x30, 1), bytes(0xd0, 2), bytes(0x90, 3)], [[0x32, 3, 1, 2, 3]]],
	["av1", "a part whose beginning is missing", [bytes(0x90, 3)], undefined],
	["av1", "a part whose end is missing", [bytes(0x50, 0x30, 1)], undefined],
	["av1", "a part that is broken by another OBU", [bytes(0x50, 0x30, 1), bytes(0x10, 0x30, 2)], undefined],
	["av1", "a length beyond the packet", [bytes(0x00, 9, 0x30)], undefined],
	["av1", "fewer elements than are counted", [bytes(0x30, 2, 0x30, 7)], undefined],
	["av1", "a header alone", [bytes(0x10)], undefined],
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
	for (const codec of ["h264", "h265", "vp8", "vp9", "av1", "aac"] as const) {
		const property = fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })), (payloads) => {
			depayloadOf(codec)!(payloads);
		});
		fc.assert(property, { seed: 2, numRuns: 2000 });
	}
});
