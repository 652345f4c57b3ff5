import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { drawTimeCode, readTimeCode } from "./timecode.ts";

function picture(width: number, height: number, unixMs: number, stride = width): Uint8Array {
	const luma = new Uint8Array(stride * height).fill(90);
	drawTimeCode(luma, width, height, stride, unixMs);
	return luma;
}

/** Scales by the mean of the covered pixels, as good scalers do when they make a picture smaller. */
function scale(from: Uint8Array, width: number, height: number, toWidth: number, toHeight: number): Uint8Array {
	const to = new Uint8Array(toWidth * toHeight);
	for (let i = 0; i < to.length; i++) {
		const left = ((i % toWidth) * width) / toWidth;
		const top = (Math.floor(i / toWidth) * height) / toHeight;
		let sum = 0;
		let count = 0;
		for (let y = Math.floor(top); y < Math.max(top + height / toHeight, Math.floor(top) + 1); y++) {
			for (let x = Math.floor(left); x < Math.max(left + width / toWidth, Math.floor(left) + 1); x++) {
				sum += from[Math.min(y, height - 1) * width + Math.min(x, width - 1)]!;
				count += 1;
			}
		}
		to[i] = sum / count;
	}
	return to;
}

const sizes = [
	[1920, 1080],
	[1280, 720],
	[640, 360],
	[640, 480],
	[322, 182],
	[128, 80],
] as const;

test("time code: every time reads back from every size", () => {
	const time = fc.oneof(fc.integer({ min: 0, max: 2 ** 44 - 1 }), fc.constantFrom(0, 1, 2 ** 44 - 1));
	fc.assert(
		fc.property(fc.constantFrom(...sizes), time, ([width, height], unixMs) => {
			assert.equal(readTimeCode(picture(width, height, unixMs), width, height), unixMs);
		}),
		{ seed: 1, numRuns: 60 },
	);
});

test("time code: a stride larger than the width", () => {
	assert.equal(readTimeCode(picture(640, 360, 1234567890123, 704), 640, 360, "luma", 704), 1234567890123);
});

for (const [width, height] of [
	[426, 240],
	[320, 180],
	[200, 150],
	[1000, 333],
	[2560, 1440],
] as const) {
	test(`time code: 1280x720 scaled to ${width}x${height}`, () => {
		const small = scale(picture(1280, 720, 1732099999999), 1280, 720, width, height);
		assert.equal(readTimeCode(small, width, height), 1732099999999);
	});
}

test("time code: canvas pixels with noise and less contrast", () => {
	const luma = picture(640, 360, 1732100000001);
	const rgba = new Uint8ClampedArray(640 * 360 * 4);
	let seed = 7;
	for (let i = 0; i < luma.length; i++) {
		seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
		rgba.fill(luma[i]! * 0.5 + 30 + ((seed >>> 16) % 60), i * 4, i * 4 + 3);
		rgba[i * 4 + 3] = 255;
	}
	assert.equal(readTimeCode(rgba, 640, 360, "rgba"), 1732100000001);
});

test("time code: nothing is read where there is none", () => {
	assert.equal(readTimeCode(new Uint8Array(640 * 360).fill(128), 640, 360), undefined);
	assert.equal(readTimeCode(new Uint8Array(0), 0, 0), undefined);
	const stripes = Uint8Array.from({ length: 640 * 360 }, (_, i) => (i % 40 < 20 ? 235 : 16));
	assert.equal(readTimeCode(stripes, 640, 360), undefined);
});

test("time code: one flipped block fails the checksum", () => {
	const [width, height] = [640, 360];
	for (let block = 4; block < 64; block++) {
		const luma = picture(width, height, 1732100000001);
		const [left, top] = [(block % 32) * 20, Math.floor(block / 32) * 18];
		for (let y = top; y < top + 18; y++) {
			for (let x = left; x < left + 20; x++) luma[y * width + x] = 251 - luma[y * width + x]!;
		}
		assert.equal(readTimeCode(luma, width, height), undefined, `block ${block}`);
	}
});

test("time code: the digits show the time of day", () => {
	const at = (text: string): Uint8Array => picture(640, 360, Date.parse(`2026-01-01T${text}Z`));
	const below = (luma: Uint8Array): Buffer => Buffer.from(luma.subarray(36 * 640, 72 * 640));
	assert.notDeepEqual(below(at("10:00:00.001")), below(at("10:00:00.002")));
	assert.deepEqual(below(at("10:00:00.001")), below(picture(640, 360, Date.parse("2020-01-01T10:00:00.001Z"))));
});
