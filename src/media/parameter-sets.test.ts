import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { h264ParameterSets, parseH264Sps, type VideoFormat } from "./h264.ts";
import { h265ParameterSets, parseH265Sps } from "./h265.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** Made by x264 and x265 at 642 x 362, and by a camera at 640 x 480 without VUI. */
const table: [string, (sps: Uint8Array) => VideoFormat | undefined, string, VideoFormat][] = [
	[
		"H.264 High with cropping",
		parseH264Sps,
		"67640016acd940a42fe224c044000003000400000300083c58b658",
		{ width: 642, height: 362, profile: "High", level: "2.2" },
	],
	[
		"H.265 Main with a conformance window",
		parseH265Sps,
		"42010101600000030090000003000003003fa005120171c9265959a4932bc05a0200000300020000030002100",
		{ width: 642, height: 362, profile: "Main", level: "2.1" },
	],
	["H.264 Baseline", parseH264Sps, "6742c01eda0280f6c0", { width: 640, height: 480, profile: "Baseline", level: "3" }],
];

for (const [name, parse, hex, format] of table) {
	test(name, () => {
		assert.deepEqual(parse(bytes(hex)), format);
		assert.equal(parse(bytes(hex).subarray(0, 6)), undefined, "one that ends too early says nothing");
	});
}

test("a picture that cannot be is not believed", () => {
	const cropped = bytes("67640016acd940a42fe224c044000003000400000300083c58b658");
	for (let at = 5; at < 12; at++) {
		for (let value = 0; value < 256; value++) {
			cropped[at] = value;
			const format = parseH264Sps(cropped);
			if (format)
				assert.ok(Math.min(format.width, format.height) > 0 && Math.max(format.width, format.height) < 2 ** 16);
		}
	}
});

test("parameter sets come from the description", () => {
	const fmtp = "packetization-mode=1;sprop-parameter-sets=Z0LAHg==,aMs=; profile-level-id=42c01e";
	assert.deepEqual(
		h264ParameterSets(fmtp).map((set) => [...set]),
		[
			[0x67, 0x42, 0xc0, 0x1e],
			[0x68, 0xcb],
		],
	);
	assert.deepEqual(h264ParameterSets("sprop-parameter-sets=!,,"), []);
	const hevc = "sprop-vps=QAE=; sprop-sps=QgE=; sprop-pps=RAE=";
	assert.deepEqual(
		h265ParameterSets(hevc).map((set) => set[0]),
		[0x40, 0x42, 0x44],
	);
});

test("no bytes break the parsers", () => {
	const property = fc.property(fc.uint8Array({ maxLength: 60 }), (sps) => {
		parseH264Sps(sps);
		parseH265Sps(sps);
	});
	fc.assert(property, { seed: 3, numRuns: 5000 });
});
