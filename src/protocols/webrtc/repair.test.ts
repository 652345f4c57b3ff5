import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RepairWindow } from "./repair.ts";

function setUp() {
	const out: number[] = [];
	const window = new RepairWindow(200, (packet) => out.push((packet[0]! << 8) | packet[1]!));
	const push = (sequence: number, now: number) =>
		window.push(sequence, Uint8Array.of(sequence >> 8, sequence & 255), now);
	return { out, window, push };
}

describe("the repair window", () => {
	it("passes on what is in order, over a wrap", () => {
		const { out, window, push } = setUp();
		for (const sequence of [65_534, 65_535, 0, 1]) push(sequence, 0);
		assert.deepEqual(out, [65_534, 65_535, 0, 1]);
		assert.ok(!window.waiting);
	});

	it("asks at once for what is missing, again after a while, and puts it in its place", () => {
		const { out, window, push } = setUp();
		push(65_534, 0);
		push(1, 10);
		assert.deepEqual(window.requests(10), [65_535, 0]);
		assert.deepEqual(window.requests(20), []);
		push(0, 30);
		assert.deepEqual(window.requests(80), [65_535]);
		push(65_535, 90);
		push(2, 91);
		assert.deepEqual(out, [65_534, 65_535, 0, 1, 2]);
		assert.equal(window.asked, 3);
		assert.equal(window.lost, 0);
	});

	it("asks again by the round trip", () => {
		const { window, push } = setUp();
		window.roundTripMs = 100;
		push(1, 0);
		push(3, 0);
		assert.deepEqual([window.requests(0), window.requests(110), window.requests(121)], [[2], [], [2]]);
	});

	it("gives up at the deadline, and what waited goes on", () => {
		const { out, window, push } = setUp();
		push(1, 0);
		push(3, 10);
		push(5, 100);
		window.tick(209);
		assert.deepEqual(out, [1]);
		window.tick(210);
		assert.deepEqual(out, [1, 3]);
		push(2, 211);
		window.tick(300);
		assert.deepEqual(out, [1, 3, 5]);
		assert.equal(window.lost, 2);
	});

	it("takes a far jump as a new start, and a large gap as loss", () => {
		const { out, window, push } = setUp();
		push(1, 0);
		push(40_000, 1);
		push(40_001, 1);
		assert.deepEqual(out, [1, 40_000, 40_001]);
		push(42_000, 2);
		assert.equal(out.at(-1), 42_000);
		assert.equal(window.lost, 1_998);
		push(42_400, 3);
		assert.deepEqual(window.requests(3), []);
		window.tick(4);
		push(42_401, 5);
		assert.ok(window.lost > 1_998 + 190);
	});

	it("delivers every packet at most once and in order, whatever comes", () => {
		const move = fc.record({ step: fc.integer({ min: -20, max: 30 }), wait: fc.integer({ min: 0, max: 100 }) });
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 65_535 }), fc.array(move, { maxLength: 200 }), (start, moves) => {
				const { out, window, push } = setUp();
				let [sequence, now] = [start, 0];
				for (const { step, wait } of moves) {
					now += wait;
					sequence = (sequence + step) & 0xffff;
					push(sequence, now);
					window.requests(now);
					window.tick(now);
				}
				for (let index = 1; index < out.length; index++) {
					assert.ok(((out[index]! - out[index - 1]!) & 0xffff) - 1 < 32_767);
				}
				window.tick(now + 1_000);
				assert.ok(!window.waiting);
			}),
			{ seed: 6 },
		);
	});
});
