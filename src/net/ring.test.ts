import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_BYTES, Pool } from "./pool.ts";
import { ENTRY_ARRIVAL, ENTRY_INFO, ENTRY_NUMBER, ENTRY_OFFSET, ENTRY_SEQUENCE, FLAG_KEY, PacketRing } from "./ring.ts";

const LIMITS = { bytes: 1024 * 1024, ageMs: 10_000, historyMs: 1_000 };

function add(ring: PacketRing, now: number, length = 1000, flags = 0): number {
	const number = ring.head;
	const at = ring.reserve(length);
	assert.ok(at >= 0);
	ring.pool.bytes.fill(number & 0xff, at, at + length);
	if (flags & FLAG_KEY) ring.setJoin(number);
	ring.commit(length, 2, flags, 100_000 + number, now * 90, now);
	return number;
}

function check(ring: PacketRing, number: number, length: number): void {
	const { bytes, words } = ring.pool;
	const at = ring.entry(number);
	const offset = words[at + ENTRY_OFFSET]!;
	assert.equal(words[at + ENTRY_NUMBER], number);
	assert.equal(words[at + ENTRY_INFO]! & 0xffff, length);
	assert.equal((words[at + ENTRY_INFO]! >>> 16) & 0xff, 2);
	assert.equal(words[at + ENTRY_SEQUENCE], 100_000 + number);
	assert.ok(bytes.subarray(offset, offset + length).every((byte) => byte === (number & 0xff)));
}

test("packets are there as they were written, also after the table grew", () => {
	const ring = new PacketRing(new Pool(64 * BLOCK_BYTES), { ...LIMITS, bytes: 8 << 20 });
	for (let i = 0; i < 5_000; i++) add(ring, 0, 100 + (i % 700));
	assert.equal(ring.head - ring.tail, 5_000);
	assert.ok(ring.capacity >= 5_000);
	for (let number = 0; number < 5_000; number++) check(ring, number, 100 + (number % 700));
});

test("packets of the largest size fit", () => {
	const ring = new PacketRing(new Pool(16 * BLOCK_BYTES), LIMITS);
	for (let i = 0; i < 4; i++) check(ring, add(ring, 0, 65_535), 65_535);
});

test("packets since the join point are kept, older ones for the time of repair", () => {
	const ring = new PacketRing(new Pool(64 * BLOCK_BYTES), LIMITS);
	for (let i = 0; i < 40; i++) {
		add(ring, i * 100, 1000, i === 20 ? FLAG_KEY : 0);
		ring.trim(i * 100);
	}
	assert.deepEqual([ring.join, ring.tail], [20, 20]);
	add(ring, 4_000, 1000, FLAG_KEY);
	ring.trim(4_000);
	assert.deepEqual([ring.join, ring.tail], [40, 20], "a reader may have joined just now, at the one before");
	ring.trim(5_000);
	assert.deepEqual([ring.join, ring.tail], [40, 20]);
	ring.trim(5_001);
	assert.deepEqual([ring.join, ring.tail], [40, 40]);
});

test("what readers have joined with is kept for the time of repair, however many key frames come", () => {
	const ring = new PacketRing(new Pool(64 * BLOCK_BYTES), LIMITS);
	for (let i = 0; i <= 40; i++) {
		add(ring, i * 100, 1000, i % 9 === 0 ? FLAG_KEY : 0);
		ring.trim(i * 100);
		// Who joined at `k`'s last moment got the packets since then 100 ms before the next key frame.
		const wanted = Array.from({ length: 5 }, (_, n) => n * 9).find((k) => (i - (k + 9)) * 100 <= LIMITS.historyMs);
		assert.equal(ring.tail, wanted, `after ${i * 100} ms`);
	}
});

test("a join point that is too old or too large is given up", () => {
	const ring = new PacketRing(new Pool(64 * BLOCK_BYTES), LIMITS);
	add(ring, 0, 1000, FLAG_KEY);
	ring.trim(11_000);
	assert.deepEqual([ring.join, ring.tail], [-1, 1]);
	add(ring, 12_000, 1000, FLAG_KEY);
	for (let i = 0; i < 1_100; i++) add(ring, 12_000);
	ring.trim(12_000);
	assert.equal(ring.join, -1);
	assert.ok(ring.bytes <= LIMITS.bytes);
});

test("the memory of a long stream does not grow, and all of it comes back", () => {
	const pool = new Pool(64 * BLOCK_BYTES);
	const ring = new PacketRing(pool, LIMITS);
	let largest = 0;
	for (let i = 0; i < 50_000; i++) {
		add(ring, i, 1200, i % 500 === 0 ? FLAG_KEY : 0);
		ring.trim(i);
		largest = Math.max(largest, pool.usedBytes);
	}
	assert.ok(largest <= 3 * LIMITS.bytes + 4 * BLOCK_BYTES, `${largest} bytes`);
	ring.close();
	assert.equal(pool.allocate(64 * BLOCK_BYTES), 0);
});

test("a pool that is used up refuses packets, and takes them again later", () => {
	const pool = new Pool(3 * BLOCK_BYTES);
	const ring = new PacketRing(pool, LIMITS);
	while (ring.reserve(1000) >= 0) add(ring, 0);
	ring.trim(5_000);
	assert.equal(ring.tail, ring.head);
	assert.ok(ring.reserve(1000) >= 0);
});

test("arrival times are kept beyond 32 bits of milliseconds", () => {
	const ring = new PacketRing(new Pool(4 * BLOCK_BYTES), LIMITS);
	const now = 2 ** 32 + 500;
	const number = add(ring, now);
	assert.equal(ring.pool.words[ring.entry(number) + ENTRY_ARRIVAL], 500);
	assert.equal(ring.age(number, now + 40), 40);
});
