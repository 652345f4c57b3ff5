import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Codec } from "../media/track.ts";
import { HOLDS_SETS, inspectorOf, STARTS_KEY } from "./inspect.ts";

const table: [Codec, string, number[], number][] = [
	["h264", "IDR slice", [0x65, 0x88], STARTS_KEY],
	["h264", "other slice", [0x41, 0x9a], 0],
	["h264", "SPS", [0x67, 0x42], HOLDS_SETS],
	["h264", "STAP-A of SPS, PPS and IDR", [0x78, 0, 1, 0x67, 0, 1, 0x68, 0, 1, 0x65], STARTS_KEY | HOLDS_SETS],
	["h264", "FU-A, first of an IDR", [0x7c, 0x85, 0], STARTS_KEY],
	["h264", "FU-A, not the first", [0x7c, 0x05, 0], 0],
	["h264", "FU-A without header", [0x7c], 0],
	["h265", "IDR_W_RADL", [0x26, 0x01, 0], STARTS_KEY],
	["h265", "CRA", [0x2a, 0x01, 0], STARTS_KEY],
	["h265", "TRAIL_R", [0x02, 0x01, 0], 0],
	["h265", "VPS", [0x40, 0x01, 0], HOLDS_SETS],
	["h265", "fragment, first of an IDR", [0x62, 0x01, 0x93], STARTS_KEY],
	["h265", "fragment, not the first", [0x62, 0x01, 0x13], 0],
	["h265", "aggregation of VPS and SPS", [0x60, 1, 0, 2, 0x40, 1, 0, 2, 0x42, 1], HOLDS_SETS],
	["vp8", "key frame", [0x10, 0x10], STARTS_KEY],
	["vp8", "key frame with picture id", [0x90, 0x80, 0x81, 0x02, 0x10], STARTS_KEY],
	["vp8", "predicted frame", [0x10, 0x11], 0],
	["vp8", "later part of a key frame", [0x00, 0x10], 0],
	["vp9", "key frame", [0x88, 0x01], STARTS_KEY],
	["vp9", "predicted frame", [0xc8, 0x01], 0],
	["vp9", "middle of a frame", [0x80, 0x01], 0],
	["vp9", "upper spatial layer", [0xa8, 0x01, 0x02], 0],
	["vp9", "a key frame of who tells nothing else", [0x0c, 0x82, 0x49], STARTS_KEY],
	["vp9", "a predicted frame of who tells nothing else", [0x0c, 0x86, 0x00], 0],
	["vp9", "nothing of the frame", [0x08], 0],
	["av1", "new sequence", [0x18, 0x0a], STARTS_KEY],
	["av1", "no new sequence", [0x10, 0x32], 0],
	["other", "a codec that is not known", [0], STARTS_KEY],
];

for (const [codec, name, payload, found] of table) {
	test(`${codec}: ${name}`, () => {
		const at = 3;
		const bytes = Uint8Array.from([9, 9, 9, ...payload, 9, 9]);
		assert.equal(inspectorOf(codec)(bytes, at, payload.length), found);
	});
}

test("no payload breaks an inspector or makes it run for ever", () => {
	for (const codec of ["h264", "h265", "vp8", "vp9", "av1"] as const) {
		const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (payload) => {
			inspectorOf(codec)(payload, 0, payload.length);
		});
		fc.assert(property, { seed: 4, numRuns: 2000 });
	}
});
