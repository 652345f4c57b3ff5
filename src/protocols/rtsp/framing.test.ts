import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stream } from "../../hub/stream.ts";
import { Pool } from "../../net/pool.ts";
import { PacketRing } from "../../net/ring.ts";
import { Framing } from "./framing.ts";

const PACKET_BYTES = 1012;

/** What framing needs of a stream: its packets. Each consists of its own number. */
function streamOf(count: number): { stream: Stream; ring: PacketRing; add: (count: number) => void } {
	const ring = new PacketRing(new Pool(8 * 1024 * 1024), { bytes: 4 << 20, ageMs: 10_000, historyMs: 1000 });
	const add = (more: number): void => {
		for (let i = 0; i < more; i++) {
			const at = ring.reserve(PACKET_BYTES);
			ring.pool.bytes.fill(ring.head & 0xff, at, at + PACKET_BYTES);
			ring.commit(PACKET_BYTES, 0, 0, ring.head, ring.head * 3000, 0);
		}
	};
	add(count);
	return { stream: { ring } as Stream, ring, add };
}

/** Everything from `from` to `to` as one reader gets it: the numbers of the packets, and how many pieces they were. */
function read(framing: Framing, from: number, to: number): { packets: number[]; pieces: unknown[] } {
	const packets: number[] = [];
	const pieces: unknown[] = [];
	for (let at = from; at < to; at = framing.end) {
		const piece = framing.batch(at, to);
		pieces.push(piece);
		for (let offset = 0; offset < piece.length; offset += 4 + PACKET_BYTES) {
			assert.deepEqual([...piece.room.subarray(offset, offset + 4)], [0x24, 6, PACKET_BYTES >> 8, PACKET_BYTES & 0xff]);
			packets.push(piece.room[offset + 4 + PACKET_BYTES - 1]!);
		}
	}
	return { packets, pieces };
}

function range(from: number, to: number): number[] {
	return Array.from({ length: to - from }, (_, i) => (from + i) & 0xff);
}

test("a batch of several pieces is made once for all readers", () => {
	const { stream } = streamOf(200);
	const framing = Framing.of(stream, [6]);
	const first = read(framing, 0, 200);
	assert.deepEqual(first.packets, range(0, 200));
	assert.ok(first.pieces.length >= 6);
	const second = read(Framing.of(stream, [6]), 0, 200);
	assert.deepEqual(second.packets, first.packets);
	assert.ok(second.pieces.every((piece, i) => piece === first.pieces[i]));
});

test("memory is used again for later packets, and readers who are behind get the right ones all the same", () => {
	const { stream, add } = streamOf(0);
	const framing = Framing.of(stream, [6]);
	const seen = new Set<unknown>();
	for (let batch = 0; batch < 60; batch++) {
		add(9);
		const { packets, pieces } = read(framing, batch * 9, batch * 9 + 9);
		assert.deepEqual(packets, range(batch * 9, batch * 9 + 9));
		for (const piece of pieces) seen.add(piece);
		if (batch % 20 === 19) assert.deepEqual(read(framing, 3, batch * 9).packets, range(3, batch * 9));
	}
	assert.ok(seen.size <= 16, `${seen.size} pieces of memory`);
});

test("a piece that was cut short is no longer for those who come later", () => {
	const { stream, add } = streamOf(5);
	const framing = Framing.of(stream, [6]);
	assert.deepEqual(read(framing, 0, 5).packets, range(0, 5));
	add(5);
	assert.deepEqual(read(framing, 0, 10).packets, range(0, 10));
	assert.deepEqual(read(framing, 2, 4).packets, range(2, 4));
	assert.deepEqual(read(framing, 2, 10).packets, range(2, 10));
});
