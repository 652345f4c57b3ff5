import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	type Av1Format,
	av1SequenceHeader,
	av1Unit,
	parseAv1Sequence,
	readLeb128,
	readObus,
	writeLeb128,
} from "./av1.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (all: Uint8Array | undefined): string | undefined => all && Buffer.from(all).toString("hex");

const plain: Av1Format = {
	...{ width: 322, height: 182, profile: 0, level: 0, highTier: false, bitDepth: 8, monochrome: false },
	...{ subsampling: [true, true], samplePosition: 0, colour: { codes: [2, 2, 2], fullRange: false } },
};

/** Made at 322 × 182 by libaom, SVT-AV1 and rav1e. */
const table: [string, string, Partial<Av1Format>][] = [
	["Main", "0a0b000000043d06d4daf90040", {}],
	["Main by SVT-AV1", "0a0b000000043d06d402f80040", {}],
	["with timing, without a level", "0a0e000000fa1e836a210a88101010a0", { level: 31 }],
	["4:4:4", "0a0a200000043d06d4daf902", { profile: 1, subsampling: [false, false] }],
	[
		"10 bits of HDR",
		"0a0e000000043d06d4daf95091009040",
		{ bitDepth: 10, colour: { codes: [9, 16, 9], fullRange: false } },
	],
	["grey", "0a0a000000043d06d4daf92a", { monochrome: true, colour: { codes: [2, 2, 2], fullRange: true } }],
	["4:2:2 of 12 bits", "0a0b400000043d06d4daf96220", { profile: 2, bitDepth: 12, subsampling: [true, false] }],
	[
		"sRGB",
		"0a0d200000043d06d4daf92021a004",
		{ profile: 1, subsampling: [false, false], colour: { codes: [1, 13, 0], fullRange: true } },
	],
];

for (const [name, hex, differs] of table) {
	test(`a sequence header: ${name}`, () => {
		assert.deepEqual(parseAv1Sequence(bytes(hex)), { ...plain, ...differs });
		for (let end = 0; end < hex.length / 2 - 1; end++) {
			assert.equal(parseAv1Sequence(bytes(hex).subarray(0, end)), undefined, `cut at ${end}`);
		}
	});
}

/** Puts bits written as text, spaces aside, into a sequence header OBU. */
function sequenceOf(bits: string): Uint8Array {
	const digits = bits.replaceAll(" ", "");
	const octets = Array.from({ length: Math.ceil(digits.length / 8) }, (_, i) =>
		Number.parseInt(digits.slice(i * 8, i * 8 + 8).padEnd(8, "0"), 2),
	);
	return Uint8Array.from([0x0a, octets.length, ...octets]);
}

test("a sequence header: all that may stand before the size, of two operating points", () => {
	const timing = `1 ${"0".repeat(31)}1 ${"0".repeat(31)}1 1 00101`;
	const model = `1 00011 ${"0".repeat(31)}1 00100 00100`;
	const first = "000000000001 01101 1 1 1111 0000 1 1 1010";
	const second = "000000000010 00001 0 0";
	const size = "1010 1001 11001111111 1010001111";
	const rest = "1 0000 000 000 0000 1 11 0 1 0 1 011 000 0 0 0 0 10 1";
	const format = parseAv1Sequence(sequenceOf(`000 0 0 ${timing} ${model} 1 00001 ${first} ${second} ${size} ${rest}`));
	assert.deepEqual(format, { ...plain, width: 1664, height: 656, level: 13, highTier: true, samplePosition: 2 });
});

test("a sequence header of a still picture", () => {
	const format = parseAv1Sequence(sequenceOf("000 1 1 00100 0101 0101 111111 011111 000 000 0 0 0 1 01"));
	const colour = { codes: [2, 2, 2], fullRange: true } as const;
	assert.deepEqual(format, { ...plain, width: 64, height: 32, level: 4, colour, samplePosition: 1 });
});

test("nothing is taken for emulation prevention", () => {
	const obu = sequenceOf(
		"000 0 0 0 0 00000 111100000000 00000 0000 0000 0 1 1 0000 000 000 0000 0 00 0 000 0 0 0 0 00 0",
	);
	assert.match(hexOf(obu)!, /000003/);
	assert.deepEqual(parseAv1Sequence(obu), { ...plain, width: 1, height: 2 });
});

test("numbers of seven bits a byte", () => {
	for (const [hex, value] of [
		["00", 0],
		["7f", 127],
		["8001", 128],
		["e58e26", 624_485],
		["ffffffff0f", 2 ** 32 - 1],
	] as const) {
		assert.deepEqual(readLeb128(bytes(hex), 0), { value, end: hex.length / 2 });
		assert.equal(hexOf(Uint8Array.from(writeLeb128(value))), hex);
		assert.equal(readLeb128(bytes(hex), hex.length / 2), undefined);
	}
	assert.equal(readLeb128(bytes("808080808080808001"), 0), undefined);
});

const header = "0a0b000000043d06d4daf90040";

test("a temporal unit: delimiter, tile list and padding are left out, and sizes told", () => {
	const delimiter = "1200";
	const unit = (hex: string): string | undefined => hexOf(av1Unit(readObus(bytes(hex))));
	assert.equal(unit(`${delimiter}${header}3202aabb`), `${header}3202aabb`);
	assert.equal(unit(`${header}4201ff7a01003202aabb`), `${header}3202aabb`);
	assert.equal(unit(`${header}30aabb`), `${header}3202aabb`);
	assert.equal(unit(`${header}3428aabb`), `${header}362802aabb`);
	assert.equal(unit(delimiter), undefined);
	assert.equal(unit("0aff"), undefined);
	assert.equal(unit("36"), undefined);
	assert.equal(unit("34"), undefined);
	assert.equal(hexOf(av1SequenceHeader(bytes(`${delimiter}${header}3202aabb`))), header);
	assert.equal(av1SequenceHeader(bytes("3202aabb")), undefined);
});

test("whatever is read is put together again as it was", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
			const obus = readObus(input);
			if (obus) assert.equal(hexOf(Buffer.concat(obus.map(({ whole }) => whole))), hexOf(input));
			const unit = av1Unit(obus);
			if (unit) assert.equal(hexOf(av1Unit(readObus(unit))), hexOf(unit));
		}),
		{ seed: 1, numRuns: 3000 },
	);
});
