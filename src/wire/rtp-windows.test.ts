import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { writeRtpHeader } from "./rtp.ts";
import { ReorderWindows } from "./rtp-windows.ts";

function packet(sequence: number): Uint8Array {
	const bytes = new Uint8Array(12);
	writeRtpHeader(bytes, 0, 96, false, sequence & 0xffff, 0, 7);
	return bytes;
}

/** Two tracks on a clock that goes on when it is told to. */
function setUp(reorderMs: number) {
	let time = 0;
	const timers = new Set<{ at: number; call: () => void }>();
	const after = (ms: number, call: () => void): (() => void) => {
		const timer = { at: time + ms, call };
		timers.add(timer);
		return () => timers.delete(timer);
	};
	const out: number[][] = [[], []];
	const deliver = (track: number, bytes: Uint8Array) => out[track]!.push((bytes[2]! << 8) | bytes[3]!);
	const windows = new ReorderWindows(2, reorderMs, { now: () => time, after }, deliver);
	const pass = (ms: number): void => {
		for (const end = time + ms; time < end; time++) {
			for (const timer of [...timers]) if (timer.at <= time && timers.delete(timer)) timer.call();
		}
	};
	const push = (sequence: number, track = 0) => windows.push(track, packet(sequence), time);
	return { windows, out, timers, pass, push };
}

test("the first packets wait for what they overtook, 40 ms and no longer", () => {
	const { out, pass, push, timers } = setUp(1000);
	push(0);
	push(7, 1);
	pass(30);
	push(65_535);
	assert.deepEqual(out, [[], []]);
	pass(11);
	assert.deepEqual(out, [[65_535, 0], [7]]);
	push(2);
	push(1);
	assert.deepEqual(out[0], [65_535, 0, 1, 2]);
	pass(100);
	assert.equal(timers.size, 0);
});

test("nothing is held where nothing is waited for", () => {
	const { out, push, timers } = setUp(0);
	push(5);
	assert.deepEqual([out[0], timers.size], [[5], 0]);
});

test("many packets at once need no timer to go on", () => {
	const { out, push } = setUp(40);
	for (let sequence = 0; sequence < 64; sequence++) push(sequence ^ 1);
	assert.equal(out[0]!.length, 64);
});

test("a closed one has no timers and drops what it held", () => {
	const { windows, out, push, timers, pass } = setUp(40);
	push(5);
	windows.close();
	assert.equal(timers.size, 0);
	pass(100);
	assert.deepEqual(out[0], []);
});

test("packets that overtake each other by little all leave in order, from the first on", () => {
	const delays = fc.array(fc.nat(30), { minLength: 1, maxLength: 60 });
	fc.assert(
		fc.property(delays, fc.nat(65_535), (late, first) => {
			const { out, pass, push, timers } = setUp(40);
			const order = late.map((ms, i) => ({ at: i + ms, sequence: first + i })).sort((a, b) => a.at - b.at);
			let time = 0;
			for (const { at, sequence } of order) {
				pass(at - time);
				time = at;
				push(sequence);
			}
			pass(100);
			assert.deepEqual(
				out[0],
				late.map((_, i) => (first + i) & 0xffff),
			);
			assert.equal(timers.size, 0);
		}),
		{ seed: 1, numRuns: 2_000 },
	);
});
