import assert from "node:assert/strict";
import { test } from "node:test";
import { isVp9Key, parseVp9KeyFrame, type Vp9Format } from "./vp9.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

const plain: Vp9Format = {
	...{ width: 322, height: 182, profile: 0, level: 11, bitDepth: 8, subsampling: [true, true] },
	colour: { codes: [2, 2, 2], fullRange: false },
};

/** Made at 322 × 182 by libvpx. */
const table: [string, string, Partial<Vp9Format>][] = [
	["profile 0", "824983420014100b5606", {}],
	["4:4:4", "a2498342000282016ac0", { profile: 1, subsampling: [false, false] }],
	["4:2:2", "a2498342080282016ac0", { profile: 1, subsampling: [true, false] }],
	[
		"10 bits of BT.2020",
		"92498342580a0805ab03",
		{ profile: 2, bitDepth: 10, colour: { codes: [9, 2, 9], fullRange: true } },
	],
	["4:4:4 of 12 bits", "b124c1a14000a0805ab0", { profile: 3, bitDepth: 12, subsampling: [false, false] }],
	[
		"RGB",
		"a2498342e014100b5606",
		{ profile: 1, subsampling: [false, false], colour: { codes: [1, 13, 0], fullRange: true } },
	],
];

for (const [name, hex, differs] of table) {
	test(`a key frame: ${name}`, () => {
		assert.deepEqual(parseVp9KeyFrame(bytes(hex)), { ...plain, ...differs });
		assert.equal(isVp9Key(bytes(hex), 0), true);
		for (let end = 0; end < 8; end++) assert.equal(parseVp9KeyFrame(bytes(hex).subarray(0, end)), undefined);
	});
}

test("no other frame is a key frame", () => {
	const others = {
		predicted: "86",
		"shown again": "8a",
		"profile 3, predicted": "b3",
		"shown again in it": "b5",
		none: "42",
	};
	for (const [name, hex] of Object.entries(others)) {
		assert.equal(isVp9Key(bytes(hex), 0), false, name);
		assert.equal(parseVp9KeyFrame(bytes(`${hex}49834200141000b506`)), undefined, name);
	}
	assert.equal(isVp9Key(bytes(""), 0), false);
	assert.equal(parseVp9KeyFrame(bytes("824983430014100b5606")), undefined, "without the sync code");
});

test("the level that pictures of a size have at thirty a second", () => {
	for (const [width, height, level] of [
		[128, 96, 10],
		[640, 360, 21],
		[1280, 720, 31],
		[1920, 1080, 40],
		[3840, 2160, 50],
		[16_384, 8640, 62],
	] as const) {
		const head = bytes("824983420000000000");
		const size = ((width - 1) * 2 ** 16 + (height - 1)) * 16;
		for (let i = 0; i < 5; i++) head[8 - i]! |= Math.floor(size / 2 ** (8 * i)) & 0xff;
		assert.deepEqual(parseVp9KeyFrame(head), { ...plain, width, height, level });
	}
});
