import assert from "node:assert/strict";
import { test } from "node:test";
import type { Track } from "../../media/track.ts";
import { SteadyClock } from "./steady-clock.ts";

const track: Track = {
	kind: "audio",
	codec: "aac",
	encoding: "MPEG4-GENERIC",
	clockRate: 48_000,
	channels: 2,
	payloadType: 97,
	fmtp: "",
};
const BLOCK = 1024;
const BLOCK_MS = (BLOCK * 1000) / 48_000;

/** The times of blocks of sound of which it turns out, from the tenth on, that they are so much earlier or later. */
function times(errorMs: number, first = 0): number[] {
	const clock = new SteadyClock([track]);
	return Array.from({ length: 400 }, (_, n) => {
		const frame = { track: 0, pts: (first + n * BLOCK) >>> 0, key: true, units: [] };
		return clock.at(frame, 5000 + n * BLOCK_MS + (n >= 10 ? errorMs : 0));
	});
}

test("times never go back, and come slowly to where they should be", () => {
	for (const error of [-200, -20, 20, 200]) {
		const found = times(error, 0xffff_0000);
		const steps = found.slice(1).map((ms, i) => ms - found[i]!);
		assert.ok(Math.min(...steps) > BLOCK_MS * 0.89 && Math.max(...steps) < BLOCK_MS * 1.11, `${error}`);
		assert.ok(Math.abs(found.at(-1)! - (5000 + 399 * BLOCK_MS + error)) < 0.01, `${error}`);
	}
});

test("a jump of the publisher's clock is followed at once", () => {
	const found = times(5000);
	assert.ok(Math.abs(found[10]! - (10_000 + 10 * BLOCK_MS)) < 0.01);
});

test("pictures in another order keep it", () => {
	const clock = new SteadyClock([{ ...track, clockRate: 90_000 }]);
	const at = (pts: number) => clock.at({ track: 0, pts, key: false, units: [] }, pts / 90);
	assert.deepEqual([0, 9000, 2700, 5400, 18_000].map(at), [0, 100, 30, 60, 200]);
});
