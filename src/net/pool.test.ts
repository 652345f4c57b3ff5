import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_BYTES, Pool } from "./pool.ts";

test("memory is given out in blocks, up to the budget, and used again when it was retired", () => {
	const pool = new Pool(4 * BLOCK_BYTES);
	const [a, b] = [pool.allocate(1), pool.allocate(BLOCK_BYTES + 1)];
	assert.equal(pool.usedBytes, 3 * BLOCK_BYTES);
	assert.equal(pool.allocate(2 * BLOCK_BYTES), -1);
	pool.retire(b);
	const c = pool.allocate(3 * BLOCK_BYTES);
	assert.ok(c >= 0 && (c >= a + BLOCK_BYTES || c + 3 * BLOCK_BYTES <= a));
	assert.equal(pool.usedBytes, 4 * BLOCK_BYTES);
});

test("what a thread may still read is not given out", () => {
	const pool = new Pool(BLOCK_BYTES);
	let settled = 6;
	pool.setReaders({ stamp: () => 7, settled: () => settled });
	pool.retire(pool.allocate(1));
	assert.equal(pool.allocate(1), -1);
	settled = 7;
	assert.equal(pool.allocate(1), 0);
});

test("allocations never touch each other, in any order of giving back", () => {
	const pool = new Pool(64 * BLOCK_BYTES);
	const held: { at: number; blocks: number }[] = [];
	let seed = 1;
	const random = (below: number): number => {
		seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
		return (seed >> 8) % below;
	};
	for (let i = 0; i < 5_000; i++) {
		if (held.length > 0 && random(2) === 0) pool.retire(held.splice(random(held.length), 1)[0]!.at);
		const blocks = 1 + random(5);
		const at = pool.allocate(blocks * BLOCK_BYTES);
		if (at < 0) continue;
		const end = at + blocks * BLOCK_BYTES;
		assert.ok(held.every((one) => one.at >= end || one.at + one.blocks * BLOCK_BYTES <= at));
		assert.ok(end <= pool.bytes.length);
		held.push({ at, blocks });
	}
	for (const { at } of held) pool.retire(at);
	assert.ok(pool.allocate(64 * BLOCK_BYTES) === 0, "all of it is free again");
});

for (const size of [0, BLOCK_BYTES - 1, 2 ** 32]) {
	test(`${size} bytes are no pool`, () => assert.throws(() => new Pool(size), RangeError));
}
