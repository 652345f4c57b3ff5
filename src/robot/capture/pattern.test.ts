import assert from "node:assert/strict";
import { test } from "node:test";
import { readTimeCode } from "../../media/timecode.ts";
import { createPattern } from "./pattern.ts";

test("pattern: carries its time, moves, and leaves no traces of the bar", () => {
	const [width, height] = [640, 360];
	const pattern = createPattern(width, height, 30, 4);
	assert.equal(pattern.frame.length, width * height * 1.5);
	const row = (): Buffer => Buffer.from(pattern.frame.subarray(width * 180, width * 181));
	pattern.draw(0, 1_732_100_000_000);
	const first = row();
	assert.equal(readTimeCode(pattern.frame, width, height), 1_732_100_000_000);
	pattern.draw(60, 1_732_100_002_000);
	assert.notDeepEqual(row(), first);
	assert.equal(readTimeCode(pattern.frame, width, height), 1_732_100_002_000);
	pattern.draw(120, 1_732_100_004_000);
	assert.deepEqual(row(), first);
});

test("pattern: lines are padded as the encoder wants them", () => {
	assert.equal(createPattern(854, 480, 30, 1).frame.length, 854 * 480 * 1.5);
	assert.equal(createPattern(854, 480, 30, 4).frame.length, 856 * 480 + 2 * 428 * 240);
});
