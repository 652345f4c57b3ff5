import assert from "node:assert/strict";
import { test } from "node:test";
import { groupAccessUnits, splitAnnexB, splitLengths, UnitShaper } from "./units.ts";

const hex = (units: readonly Uint8Array[]): string[] => units.map((unit) => Buffer.from(unit).toString("hex"));
const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

const annexB = [
	["3-byte start codes", "000001 6742 000001 68ce", ["6742", "68ce"]],
	["4-byte start codes and trailing zeros", "00000001 6742 00000001 65880000 00", ["6742", "6588"]],
	["bytes before the first start code", "ffff 000001 41", ["41"]],
	["empty units", "000001 000001 41", ["41"]],
	["nothing", "", []],
] as const;

for (const [name, stream, units] of annexB) {
	test(`splitAnnexB: ${name}`, () => assert.deepEqual(hex(splitAnnexB(bytes(stream))), units));
}

const lengths = [
	["two units", "00000002 6742 00000001 41", ["6742", "41"]],
	["an empty unit", "00000000 00000001 41", ["41"]],
	["a length beyond the end", "00000001 41 00000009 65", ["41"]],
	["half a length", "00000001 41 0000", ["41"]],
] as const;

for (const [name, stream, units] of lengths) {
	test(`splitLengths: ${name}`, () => assert.deepEqual(hex(splitLengths(bytes(stream))), units));
}

test("groupAccessUnits: slices of one picture stay together, parameter sets begin the next", () => {
	const units = ["67", "68", "6588", "6500ff", "41ff", "4140", "09", "4180", "41c0"].map((unit) => bytes(unit));
	assert.deepEqual(groupAccessUnits(units).map(hex), [
		["67", "68", "6588", "6500ff"],
		["41ff", "4140"],
		["09", "4180"],
		["41c0"],
	]);
});

test("UnitShaper: parameter sets stand before each key frame, delimiters and SEI are gone", () => {
	const shaper = new UnitShaper();
	const shape = (...units: string[]) => shaper.shape(units.map((unit) => bytes(unit)));
	assert.equal(shape("41aa"), undefined);
	assert.equal(shaper.fmtp, "packetization-mode=1");
	const first = shape("0910", "6742c01f", "68ce", "0605", "6588");
	assert.deepEqual([first?.key, hex(first?.units ?? [])], [true, ["6742c01f", "68ce", "6588"]]);
	assert.equal(shaper.fmtp, "packetization-mode=1;profile-level-id=42c01f;sprop-parameter-sets=Z0LAHw==,aM4=");
	const second = shape("0910", "41bb");
	assert.deepEqual([second?.key, hex(second?.units ?? [])], [false, ["41bb"]]);
	const third = shape("6589");
	assert.deepEqual(hex(third?.units ?? []), ["6742c01f", "68ce", "6589"]);
	assert.equal(shape("0910"), undefined);
	shape("6764001f");
	assert.match(shaper.fmtp, /profile-level-id=64001f/);
});
