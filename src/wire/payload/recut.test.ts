import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { writeLeb128 } from "../../media/av1.ts";
import { depayloadOf } from "../depayload.ts";
import { inspectorOf } from "../inspect.ts";
import { payloadOf } from "./payload.ts";
import { recutOf } from "./recut.ts";

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

const table = [
	["vp8", "picture id and its beginning", "90800501020304", 6, ["908005010203", "80800504"]],
	[
		"vp9",
		"beginning, end, and a structure of one layer",
		"8e0510028001680102030405",
		9,
		["8a0510028001680102", "8405030405"],
	],
	[
		"av1",
		"two that are counted, of which the second goes on",
		"6802080530aabbcc",
		6,
		["08020805", "400330aabb", "c001cc"],
	],
] as const;

for (const [codec, name, payload, max, pieces] of table) {
	test(`recut ${codec}: ${name}`, () => {
		assert.deepEqual(recutOf(codec)!(bytes(payload), max)?.map(hexOf), pieces);
	});
}

const rest = fc.uint8Array({ minLength: 1, maxLength: 3000 });
const heads = {
	vp8: ["10", "9080ff81", "00"],
	vp9: ["0c", "8c8105", "8e051002800168", "dc050301"],
} as const;

for (const codec of ["vp8", "vp9"] as const) {
	test(`recut ${codec}: the pieces together are what the whole was`, () => {
		fc.assert(
			fc.property(fc.constantFrom(...heads[codec]), rest, fc.integer({ min: 30, max: 400 }), (head, body, max) => {
				const payload = Uint8Array.from([...bytes(head), ...body]);
				const pieces = recutOf(codec)!(payload, max);
				const whole = depayloadOf(codec)!([payload]);
				if (!pieces) return assert.equal(whole, undefined);
				assert.ok(pieces.every((piece) => piece.length <= max));
				assert.deepEqual(depayloadOf(codec)!(pieces)?.map(hexOf), whole?.map(hexOf));
				assert.ok(pieces.slice(1).every((piece) => inspectorOf(codec)(piece, 0, piece.length) === 0));
			}),
			{ seed: 7741 },
		);
	});
}

test("recut av1: the pieces together are what the packets were", () => {
	const header = "0a0b000000043d06d4daf90040";
	const obu = rest.map((body) => [0x32, ...writeLeb128(body.length), ...body]);
	fc.assert(
		fc.property(fc.array(obu, { minLength: 1, maxLength: 4 }), fc.integer({ min: 30, max: 400 }), (obus, max) => {
			const unit = Uint8Array.from([...bytes(header), ...obus.flat()]);
			const packets: Uint8Array[] = [];
			payloadOf("av1")!([unit], 1500, (payload) => packets.push(payload));
			const pieces = packets.flatMap((packet) => recutOf("av1")!(packet, max)!);
			assert.ok(pieces.every((piece) => piece.length <= max));
			assert.deepEqual(depayloadOf("av1")!(pieces)?.map(hexOf), [hexOf(unit)]);
			assert.deepEqual(
				pieces.map((piece) => inspectorOf("av1")(piece, 0, piece.length)),
				pieces.map((_, i) => (i === 0 ? 1 : 0)),
			);
		}),
		{ seed: 8 },
	);
});

test("what is broken is not cut", () => {
	assert.equal(recutOf("vp8")!(bytes("9080"), 100), undefined);
	assert.equal(recutOf("vp9")!(bytes("8e05ff"), 100), undefined);
	assert.equal(recutOf("av1")!(bytes("0009aa"), 100), undefined);
	assert.equal(recutOf("opus"), undefined);
});
