import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { writeLeb128 } from "../../media/av1.ts";
import type { Codec } from "../../media/track.ts";
import { depayloadOf } from "../depayload.ts";
import { payloadOf } from "./payload.ts";

interface Row {
	readonly name: string;
	readonly codec: Codec;
	/** Units as hex. */
	readonly units: readonly string[];
	readonly max: number;
	/** Payloads as hex, `!` after those that end the access unit. */
	readonly payloads: readonly string[];
}

const table: readonly Row[] = [
	{ name: "nothing", codec: "h265", units: ["", "40"], max: 100, payloads: [] },
	{ name: "a slice alone", codec: "h265", units: ["0201aa"], max: 100, payloads: ["0201aa!"] },
	{
		name: "parameter sets and slice share an aggregation packet",
		codec: "h265",
		units: ["40010c", "420101", "4401c0", "2601af"],
		max: 1200,
		payloads: ["6001000340010c0003420101" + "00034401c0" + "00032601af!"],
	},
	{
		name: "fragments of three",
		codec: "h265",
		units: ["260101020304050607"],
		max: 6,
		payloads: ["620193010203", "620113040506", "62015307!"],
	},
	{
		name: "the lowest temporal id of an aggregate",
		codec: "h265",
		units: ["4002", "4201"],
		max: 20,
		payloads: ["6001000240020002" + "4201!"],
	},
	{ name: "one access unit", codec: "aac", units: ["2110aabb"], max: 100, payloads: ["001000202110aabb!"] },
	{ name: "a unit in two", codec: "aac", units: ["0102030405"], max: 7, payloads: ["00100028010203", "001000280405!"] },
	{ name: "one frame", codec: "mp3", units: ["fffb90640102"], max: 100, payloads: ["00000000fffb90640102!"] },
	{
		name: "a frame in two",
		codec: "mp3",
		units: ["fffb90640102"],
		max: 9,
		payloads: ["00000000fffb906401", "0000000502!"],
	},
	{
		name: "a new sequence in one packet, without sizes",
		codec: "av1",
		units: ["0a02aabb320301020336100199"],
		max: 100,
		payloads: ["08" + "0308aabb" + "0430010203" + "03341099!"],
	},
	{
		name: "elements that go on in the next packet",
		codec: "av1",
		units: ["32080102030405060708320109"],
		max: 7,
		payloads: ["40" + "0430010203", "c0" + "0404050607", "80" + "0108" + "023009!"],
	},
	{ name: "broken sizes", codec: "av1", units: ["32ff"], max: 100, payloads: [] },
	{
		name: "a key frame in two",
		codec: "vp9",
		units: ["8249834200"],
		max: 4,
		payloads: ["08824983", "044200!"],
	},
	{ name: "a predicted frame", codec: "vp9", units: ["8600"], max: 100, payloads: ["4c8600!"] },
	{ name: "no unit", codec: "aac", units: [""], max: 100, payloads: [] },
];

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (unit: Uint8Array): string => Buffer.from(unit).toString("hex");

function payloads(codec: Codec, units: readonly Uint8Array[], max: number): { payload: Uint8Array; last: boolean }[] {
	const out: { payload: Uint8Array; last: boolean }[] = [];
	payloadOf(codec)!(units, max, (payload, last) => out.push({ payload, last }));
	return out;
}

for (const { name, codec, units, max, payloads: expected } of table) {
	test(`payload ${codec}: ${name}`, () => {
		const got = payloads(codec, units.map(bytes), max);
		assert.deepEqual(
			got.map(({ payload, last }) => hexOf(payload) + (last ? "!" : "")),
			expected,
		);
	});
}

test("payload h265: any access unit comes back whole, within the limit, with one marker at its end", () => {
	const unit = fc
		.tuple(fc.constantFrom(0x40, 0x42, 0x44, 0x26, 0x02, 0x4e), fc.uint8Array({ minLength: 0, maxLength: 60 }))
		.map(([header, rest]) => new Uint8Array([header, 1, ...rest, 0x80]));
	fc.assert(
		fc.property(fc.array(unit, { minLength: 1, maxLength: 8 }), fc.integer({ min: 4, max: 40 }), (units, max) => {
			const got = payloads("h265", units, max);
			assert.ok(got.every(({ payload }) => payload.length <= max));
			assert.deepEqual(
				got.map(({ last }) => last),
				got.map((_, i) => i === got.length - 1),
			);
			const back = depayloadOf("h265")!(got.map(({ payload }) => payload));
			assert.deepEqual(back?.map(hexOf), units.map(hexOf));
		}),
		{ seed: 7798 },
	);
});

test("payload av1, vp9: any frame comes back whole, within the limit, with one marker at its end", () => {
	const obu = fc
		.tuple(fc.constantFrom(0x0a, 0x2a, 0x32, 0x36), fc.uint8Array({ maxLength: 300 }))
		.map(([first, rest]) => [first, ...(first & 4 ? [0x20] : []), ...writeLeb128(rest.length), ...rest]);
	const frame = fc.array(obu, { minLength: 1, maxLength: 5 }).map((obus) => Uint8Array.from(obus.flat()));
	fc.assert(
		fc.property(frame, fc.constantFrom("av1", "vp9"), fc.integer({ min: 4, max: 200 }), (unit, codec, max) => {
			const got = payloads(codec, [unit], max);
			assert.ok(got.every(({ payload }) => payload.length <= max));
			assert.deepEqual(
				got.map(({ last }) => last),
				got.map((_, i) => i === got.length - 1),
			);
			const parts = got.map(({ payload }) => payload);
			assert.deepEqual(depayloadOf(codec)!(parts)?.map(hexOf), [hexOf(unit)]);
			if (codec === "vp9") assert.equal(depayloadOf(codec)!(parts.slice(1)), undefined);
		}),
		{ seed: 9628 },
	);
});

test("payload mp3: a frame comes back whole, and nothing that is none", () => {
	const frame = new Uint8Array([0xff, 0xfb, 0x90, 0x64, ...Array.from({ length: 1437 }, (_, i) => i & 0xff)]);
	const got = payloads("mp3", [frame], 1200);
	assert.equal(got.length, 2);
	const back = (of: typeof got) => depayloadOf("mp3")!(of.map(({ payload }) => payload));
	assert.deepEqual(back(got)?.map(hexOf), [hexOf(frame)]);
	assert.equal(back(got.slice(1)), undefined);
	assert.equal(depayloadOf("mp3")!([bytes("00000000")]), undefined);
});

test("payload aac: what is sent whole comes back", () => {
	const big = new Uint8Array(0x2000);
	assert.deepEqual(payloads("aac", [big], 1200), []);
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 1, maxLength: 900 }), (unit) => {
			const got = payloads("aac", [unit], 1200);
			assert.equal(got.length, 1);
			assert.deepEqual(depayloadOf("aac")!([got[0]!.payload])?.map(hexOf), [hexOf(unit)]);
		}),
		{ seed: 3640 },
	);
});
