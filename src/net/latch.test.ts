import assert from "node:assert/strict";
import { test } from "node:test";
import { type Admission, SenderLatch } from "./latch.ts";

/** lane, address, port, source, time, what is said. */
type Step = readonly [number, string, number, number, number, Admission];

const table: readonly { readonly name: string; readonly steps: readonly Step[] }[] = [
	{
		name: "who may not send changes nothing",
		steps: [
			[0, "192.0.2.9", 1, 7, 0, "refused"],
			[0, "10.0.0.1", 1, 7, 1, "new"],
			[0, "192.0.2.9", 1, 7, 5000, "refused"],
			[0, "10.0.0.1", 1, 7, 5001, "same"],
		],
	},
	{
		name: "another sender waits for 2 s of silence",
		steps: [
			[0, "10.0.0.1", 1, 7, 0, "new"],
			[0, "10.0.0.2", 1, 7, 1999, "refused"],
			[0, "10.0.0.2", 1, 7, 2000, "new"],
			[0, "10.0.0.1", 1, 7, 2001, "refused"],
		],
	},
	{
		name: "tracks of one sender come from different ports",
		steps: [
			[0, "10.0.0.1", 1, 7, 0, "new"],
			[1, "10.0.0.1", 2, 8, 0, "same"],
			[1, "10.0.0.2", 2, 8, 1, "refused"],
			[0, "10.0.0.1", 2, 7, 1, "refused"],
		],
	},
	{
		name: "a sender that began anew, from another port or with another source",
		steps: [
			[0, "10.0.0.1", 1, 7, 0, "new"],
			[0, "10.0.0.1", 1, 9, 1000, "refused"],
			[0, "10.0.0.1", 1, 9, 2000, "new"],
			[0, "10.0.0.1", 5, 9, 4000, "new"],
			[0, "10.0.0.1", 1, 9, 4001, "refused"],
		],
	},
];

for (const { name, steps } of table) {
	test(`latch: ${name}`, () => {
		const latch = new SenderLatch((address) => address.startsWith("10."));
		for (const [lane, address, port, source, at, said] of steps) {
			assert.equal(latch.admit(lane, address, port, source, at), said, `${address}:${port} at ${at}`);
		}
	});
}

test("latch: a stream that is over leaves its place at once", () => {
	const latch = new SenderLatch(() => true);
	assert.equal(latch.admit(0, "10.0.0.1", 1, 7, 0), "new");
	latch.release();
	assert.equal(latch.address, "");
	assert.equal(latch.admit(0, "10.0.0.2", 1, 7, 1), "new");
});
