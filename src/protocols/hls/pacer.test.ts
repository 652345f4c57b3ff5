import assert from "node:assert/strict";
import { test } from "node:test";
import { Pacer, type TimedFrame } from "./pacer.ts";

const STEP_MS = 40;

/** The frames of a segment that begins at `from` of the stream's clock. */
function segment(from: number, count: number): TimedFrame[] {
	return Array.from({ length: count }, (_, i) => {
		const ms = from + i * STEP_MS;
		return { ms, frame: { track: 0, pts: ms * 90, key: i === 0, units: [] } };
	});
}

/** Takes what is due at each of its own times; gives when each frame left. */
function run(pacer: Pacer, until: number): number[] {
	const left: number[] = [];
	for (let at = pacer.nextAt; at !== undefined && at <= until; at = pacer.nextAt) {
		for (const _ of pacer.take(at)) left.push(at);
	}
	return left;
}

test("a lump leaves at its own pace, the first frame at once", () => {
	const pacer = new Pacer();
	pacer.push(segment(500_000, 5), 1000, true);
	assert.equal(pacer.span, 160);
	assert.deepEqual(run(pacer, 5000), [1000, 1040, 1080, 1120, 1160]);
	assert.equal(pacer.nextAt, undefined);
});

test("two renditions leave in one order", () => {
	const pacer = new Pacer();
	pacer.push(segment(0, 3), 0, true);
	pacer.push(segment(20, 3), 5, true);
	assert.deepEqual(
		pacer.take(1000).map(({ ms }) => ms),
		[0, 20, 40, 60, 80, 100],
	);
});

test("a segment that is late moves what follows, once", () => {
	const pacer = new Pacer();
	pacer.push(segment(0, 25), 0, true);
	run(pacer, 5000);
	pacer.push(segment(1000, 25), 1300, true);
	assert.equal(pacer.nextAt, 1300);
	run(pacer, 2290);
	pacer.push(segment(2000, 25), 2250, true);
	run(pacer, 2299);
	assert.equal(pacer.nextAt, 2300);
});

test("segments that are early for long are not kept in hand", () => {
	const pacer = new Pacer();
	pacer.push(segment(0, 50), 0, true);
	for (let n = 2; n < 12; n++) {
		const now = (n - 1) * 1000;
		run(pacer, now);
		pacer.push(segment(n * 1000, 25), now, true);
	}
	const next = segment(12_000, 1);
	run(pacer, 11_000);
	pacer.push(next, 11_000, true);
	run(pacer, 11_249);
	assert.equal(pacer.nextAt, 11_250, "a quarter of a second after it came, no more");
});

test("a gap of the timestamps is not waited for", () => {
	const pacer = new Pacer();
	pacer.push(segment(0, 2), 0, true);
	run(pacer, 100);
	pacer.push(segment(3_600_000, 2), 1000, true);
	assert.equal(pacer.nextAt, 1000);
	run(pacer, 2000);
	pacer.push(segment(50, 2), 3000, true);
	assert.equal(pacer.nextAt, 3000);
});
