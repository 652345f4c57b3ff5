import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReorderWindow } from "./rtp-window.ts";

function collect() {
	const out: number[] = [];
	const window = new ReorderWindow((packet) => out.push((packet[0]! << 8) | packet[1]!), 40);
	const push = (sequence: number, now = 0) => window.push(sequence, Uint8Array.of(sequence >> 8, sequence), now);
	return { out, window, push };
}

const table = [
	{ name: "in order", input: [5, 6, 7], output: [5, 6, 7], lost: 0, late: 0 },
	{ name: "swapped across the wrap", input: [65534, 0, 65535, 1], output: [65534, 65535, 0, 1], lost: 0, late: 0 },
	{ name: "twice", input: [5, 5, 6], output: [5, 6], lost: 0, late: 1 },
	{ name: "held twice", input: [5, 7, 7, 6], output: [5, 6, 7], lost: 0, late: 1 },
	{ name: "one hole waits", input: [5, 7, 8], output: [5], lost: 0, late: 0 },
	{ name: "64 ahead gives the hole up", input: [5, 7, 70], output: [5, 7], lost: 1, late: 0 },
	{ name: "far ahead gives all up", input: [5, 7, 1000], output: [5, 7, 1000], lost: 993, late: 0 },
	{ name: "a sender that began anew", input: [5, 7, 30000, 30001], output: [5, 7, 30000, 30001], lost: 1, late: 0 },
];

test("packets leave in order", () => {
	for (const { name, input, output, lost, late } of table) {
		const { out, window, push } = collect();
		for (const sequence of input) push(sequence);
		assert.deepEqual(out, output, name);
		assert.deepEqual({ lost: window.lost, late: window.late }, { lost, late }, name);
	}
});

test("a hole is given up after 40 ms, and what comes after that is late", () => {
	const { out, window, push } = collect();
	push(5, 100);
	push(7, 110);
	window.tick(149);
	assert.deepEqual(out, [5]);
	assert.equal(window.waiting, true);
	window.tick(150);
	assert.deepEqual(out, [5, 7]);
	assert.equal(window.waiting, false);
	push(6, 151);
	assert.deepEqual([window.lost, window.late], [1, 1]);
});

test("a beginning that is known is waited for, and not believed where it is far or past", () => {
	const begun = [
		{ first: 65_534, input: [0, 65_534, 65_535], output: [65_534, 65_535, 0] },
		{ first: 5, input: [5, 6], output: [5, 6] },
		{ first: 6, input: [5, 6], output: [5, 6] },
		{ first: 5, input: [69, 70], output: [69, 70] },
		{ first: 30_000, input: [5, 6], output: [5, 6] },
	];
	for (const { first, input, output } of begun) {
		const { out, window, push } = collect();
		window.begin(first);
		for (const sequence of input) push(sequence);
		assert.deepEqual(out, output, `${first}, then ${input}`);
	}
	const { window, push } = collect();
	window.begin(5);
	push(8);
	window.tick(1000);
	assert.equal(window.lost, 3, "what is missing from the beginning on is lost");
});

test("whatever comes, packets leave once and in order, and none is kept for ever", () => {
	const sequences = fc.array(fc.integer({ min: 65400, max: 65800 }), { minLength: 1, maxLength: 300 });
	fc.assert(
		fc.property(sequences, (numbers) => {
			const { out, window, push } = collect();
			for (const [i, number] of numbers.entries()) push(number & 0xffff, i);
			window.tick(1e6);
			assert.equal(window.waiting, false);
			const unwrapped = out.map((value) => (value < 32768 ? value + 65536 : value));
			assert.deepEqual(
				unwrapped,
				[...new Set(unwrapped)].sort((a, b) => a - b),
			);
			assert.equal(out.length + window.late, numbers.length);
		}),
		{ seed: 1 },
	);
});
