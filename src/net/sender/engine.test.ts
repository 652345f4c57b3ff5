import assert from "node:assert/strict";
import { test } from "node:test";
import { Pool } from "../pool.ts";
import { FLAG_KEY, PacketRing } from "../ring.ts";
import { CommandWriter } from "./commands.ts";
import type { Destination, Kind } from "./destination.ts";
import { Engine } from "./engine.ts";
import {
	DO_BATCH,
	DO_JOIN,
	DO_LEAVE,
	DO_SOCKET,
	FLAG_REWRITE,
	NO_RTX,
	RECORD,
	RECORD_BYTES,
	RECORD_FREE,
	RECORD_TAKEN,
	THREAD,
	THREAD_BYTES,
	TRACK,
} from "./layout.ts";
import { viewMemory } from "./memory.ts";
import { GROUP_PACKETS, type Outlet, type OutletEvents } from "./outlet.ts";
import type { Slice } from "./slice.ts";

interface Sent {
	readonly record: number;
	/** Number in the stream. */
	readonly packet: number;
	/** Sequence number as the destination sees it. */
	readonly sequence: number;
	readonly kind: Kind;
	readonly single: boolean;
}

/** A socket whose buffer the test fills and drains. */
class FakeOutlet implements Outlet {
	readonly most = GROUP_PACKETS;
	blockedUntil = 0;
	since = Number.POSITIVE_INFINITY;
	generation = 0;
	/** Slices that go in before it is full, and whether the socket takes any. */
	slices = Number.POSITIVE_INFINITY;
	open = true;
	readonly sent: Sent[] = [];
	readonly events: OutletEvents;
	readonly #clock: () => number;
	#waiting: Sent[] = [];
	#taken = 0;

	constructor(clock: () => number, events: OutletEvents) {
		this.#clock = clock;
		this.events = events;
	}

	get empty(): boolean {
		return this.#taken === 0;
	}

	/** Called with each slice. */
	onSend = (): void => {};

	room(): boolean {
		return this.#taken < this.slices;
	}

	send(destination: Destination, slice: Slice, kind: Kind): void {
		this.#taken++;
		this.onSend();
		for (let i = 0; i < slice.count; i++) {
			const sequence = destination.tracks[slice.track[i]!]!.index(slice.sequence[i]!);
			const packet = slice.number[i]!;
			this.#waiting.push({ record: destination.record, packet, sequence, kind, single: destination.single });
		}
	}

	sendRtx(): void {}

	flush(): boolean {
		if (!this.open) {
			this.blockedUntil = this.#clock() + 1;
			return false;
		}
		this.sent.push(...this.#waiting.splice(0));
		this.#taken = 0;
		this.blockedUntil = 0;
		this.since = Number.POSITIVE_INFINITY;
		this.generation++;
		return true;
	}
}

/** An engine with one stream, one socket and a clock that the test moves. */
class Rig {
	readonly pool = new Pool(8 * 1024 * 1024);
	readonly ring = new PacketRing(this.pool, { bytes: 4 << 20, ageMs: 10_000, historyMs: 1_000 });
	readonly memory = viewMemory(this.pool.shared, this.pool.address);
	readonly block = this.pool.allocate(THREAD_BYTES);
	readonly writer = new CommandWriter(this.memory, this.block);
	engine: Engine | undefined;
	now = 1000;
	/** How long the engine may send at once. */
	holdMs = Number.POSITIVE_INFINITY;
	/** The stream has key frames. */
	keys = true;
	outlet!: FakeOutlet;
	#stamp = 0;
	#sequence = 100;

	/** @param started whether the thread is up from the start */
	constructor(started = true) {
		if (started) this.start();
		this.post([DO_SOCKET, 0, 1]);
		this.run();
	}

	/** The thread is up: it has not taken any command yet. */
	start(): void {
		this.engine = new Engine(this.memory, {
			block: this.block,
			behindMs: 1000,
			holdMs: this.holdMs,
			clock: () => this.now,
			sealer: undefined,
			say: () => {},
			outlet: (_socket, _fd, _region, events) => {
				this.outlet = new FakeOutlet(() => this.now, events);
				return this.outlet;
			},
		});
	}

	run(): number {
		return this.engine?.run() ?? Number.POSITIVE_INFINITY;
	}

	get settled(): number {
		return this.memory.ints[(this.block + THREAD.settled) >> 2]!;
	}

	get stamp(): number {
		return this.#stamp;
	}

	post(command: readonly number[]): void {
		const words = new Uint32Array(16);
		words.set(command);
		words[1] = ++this.#stamp;
		assert.ok(this.writer.post(words));
	}

	/** Adds packets of 100 bytes; the first one is where readers may start if `key`. */
	add(count: number, key = false): void {
		for (let i = 0; i < count; i++) {
			const at = this.ring.reserve(100);
			this.pool.bytes[at] = 0x80;
			this.ring.commit(100, 0, key && i === 0 ? FLAG_KEY : 0, this.#sequence++, this.now * 90, this.now);
		}
	}

	stream(kind: number, ...more: number[]): void {
		const { table, capacity, tail, head } = this.ring;
		this.post([kind, 0, 7, table, capacity, tail, head, this.keys ? 1 : 0, ...more]);
	}

	batch(): number {
		this.stream(DO_BATCH);
		return this.run();
	}

	join(flags: number, from = this.ring.head): number {
		const record = this.pool.allocate(RECORD_BYTES);
		const { words } = this.memory;
		words.fill(0, record >> 2, (record + RECORD_BYTES) >> 2);
		words[(record + RECORD.state) >> 2] = RECORD_TAKEN;
		words[(record + RECORD.socket) >> 2] = 1;
		words[(record + RECORD.flags) >> 2] = flags;
		words[(record + RECORD.nameBytes) >> 2] = 16;
		const track = record + RECORD.tracks;
		words[(track + TRACK.taken) >> 2] = 1;
		words[(track + TRACK.rtxPayloadType) >> 2] = NO_RTX;
		words[(track + TRACK.firstSequence) >> 2] = 1000;
		this.stream(DO_JOIN, record, from);
		this.run();
		return record;
	}

	/** Lets time pass as a thread does: the engine runs when it said it wants to. */
	pass(ms: number): void {
		const end = this.now + ms;
		let wait = this.run();
		while (this.now + wait <= end) {
			this.now += Math.max(wait, 0.1);
			wait = this.run();
		}
		this.now = end;
	}

	to(record: number): Sent[] {
		return this.outlet.sent.filter((one) => one.record === record);
	}

	count(record: number, counter: number): number {
		return this.memory.counters[(record + counter) >> 3]!;
	}
}

function numbers(sent: readonly Sent[]): number[] {
	return sent.map(({ packet }) => packet);
}

function range(from: number, to: number): number[] {
	return Array.from({ length: to - from }, (_, i) => from + i);
}

test("a full socket stops the round at a destination; it goes on there, and nobody loses or gets twice", () => {
	const rig = new Rig();
	const records = [rig.join(0), rig.join(0), rig.join(0), rig.join(0)];
	rig.outlet.slices = 2;
	rig.outlet.open = false;
	rig.add(5, true);
	assert.equal(rig.batch(), 1);
	rig.add(3);
	rig.batch();
	rig.pass(20);
	assert.equal(rig.outlet.sent.length, 0);
	rig.outlet.open = true;
	rig.pass(10);
	for (const record of records) assert.deepEqual(numbers(rig.to(record)), range(0, 8));
});

test("a destination that leaves in the middle of a round disturbs nobody", () => {
	const rig = new Rig();
	const records = [rig.join(0), rig.join(0), rig.join(0), rig.join(0)];
	rig.outlet.slices = 2;
	rig.outlet.open = false;
	rig.add(5, true);
	rig.batch();
	rig.post([DO_LEAVE, 0, records[0]!]);
	rig.run();
	assert.equal(
		rig.memory.ints[(records[0]! + RECORD.state) >> 2],
		RECORD_TAKEN,
		"a message still points to its address",
	);
	rig.outlet.open = true;
	rig.pass(10);
	for (const record of records) assert.deepEqual(numbers(rig.to(record)), range(0, 5));
	assert.equal(rig.memory.ints[(records[0]! + RECORD.state) >> 2], RECORD_FREE);
	const left = rig.memory.bytes.subarray(records[0]! + RECORD.name, records[0]! + RECORD_BYTES);
	assert.ok(
		left.every((byte) => byte === 0),
		"nothing of it is left",
	);
});

test("what is older than `behind` is cut to the next key frame, and the numbers go on without a gap", () => {
	const rig = new Rig();
	const [own, kept] = [rig.join(FLAG_REWRITE), rig.join(0)];
	rig.add(2, true);
	rig.batch();
	rig.pass(10);
	rig.outlet.open = false;
	rig.add(4);
	rig.batch();
	rig.pass(10);
	rig.add(4);
	rig.batch();
	rig.pass(500);
	rig.add(6, true);
	rig.batch();
	rig.pass(600);
	rig.outlet.open = true;
	rig.pass(20);
	for (const record of [own, kept]) {
		// The messages that waited in the socket leave; what was not in messages yet is left out.
		assert.deepEqual(numbers(rig.to(record)), [...range(0, 6), ...range(10, 16)]);
		assert.equal(rig.count(record, RECORD.cuts), 1);
		assert.equal(rig.count(record, RECORD.dropped), 4);
	}
	assert.deepEqual(
		rig.to(own).map(({ sequence }) => sequence),
		range(1000, 1012),
	);
	assert.deepEqual(
		rig.to(kept).map(({ sequence }) => sequence),
		range(100, 112),
	);
});

test("without a key frame it waits for the next one", () => {
	const rig = new Rig();
	const record = rig.join(FLAG_REWRITE);
	rig.add(1, true);
	rig.batch();
	rig.pass(10);
	rig.outlet.slices = 0;
	rig.outlet.open = false;
	rig.add(5);
	rig.batch();
	rig.pass(1100);
	rig.outlet.slices = Number.POSITIVE_INFINITY;
	rig.outlet.open = true;
	rig.add(5);
	rig.batch();
	rig.pass(10);
	assert.equal(rig.to(record).length, 1);
	rig.add(3, true);
	rig.batch();
	rig.pass(10);
	assert.deepEqual(numbers(rig.to(record)), [0, ...range(11, 14)]);
	assert.equal(rig.count(record, RECORD.dropped), 10);
});

test("a thread that comes up late leaves nothing out", () => {
	const rig = new Rig(false);
	const record = rig.join(0);
	rig.add(5);
	rig.batch();
	rig.now += 3000;
	rig.start();
	rig.pass(10);
	assert.deepEqual(numbers(rig.to(record)), range(0, 5));
	assert.equal(rig.count(record, RECORD.cuts), 0);
});

test("a stream without key frames goes on with what is young enough", () => {
	const rig = new Rig();
	rig.keys = false;
	const record = rig.join(FLAG_REWRITE);
	rig.outlet.slices = 0;
	rig.outlet.open = false;
	rig.add(5);
	rig.batch();
	rig.pass(900);
	rig.add(2);
	rig.batch();
	rig.pass(200);
	rig.outlet.slices = Number.POSITIVE_INFINITY;
	rig.outlet.open = true;
	rig.pass(10);
	assert.deepEqual(numbers(rig.to(record)), [5, 6]);
});

test("a large unit leaves in steps, a small one of another time at once", () => {
	const rig = new Rig();
	const record = rig.join(0);
	rig.add(100, true);
	assert.equal(rig.batch(), 3);
	assert.equal(rig.to(record).length, 48);
	rig.pass(2.9);
	assert.equal(rig.to(record).length, 48);
	rig.pass(0.2);
	assert.equal(rig.to(record).length, 96);
	rig.pass(10);
	assert.deepEqual(numbers(rig.to(record)), range(0, 100));
	rig.add(2);
	assert.equal(rig.batch(), Number.POSITIVE_INFINITY);
	assert.equal(rig.to(record).length, 102);
});

test("a joiner catches up in steps of its own while the live ones get each batch at once", () => {
	const rig = new Rig();
	const live = rig.join(0);
	rig.add(200, true);
	rig.batch();
	rig.pass(20);
	const joiner = rig.join(0, 0);
	assert.equal(rig.to(joiner).length, 48);
	rig.add(3);
	rig.batch();
	assert.equal(rig.to(live).length, 203);
	rig.pass(20);
	assert.deepEqual(numbers(rig.to(joiner)), range(0, 203));
	rig.add(1);
	rig.batch();
	assert.deepEqual(numbers(rig.to(joiner)), range(0, 204));
});

test("the age of a burst does not count", () => {
	const rig = new Rig();
	rig.add(100, true);
	rig.now += 5000;
	const record = rig.join(0, 0);
	rig.pass(20);
	assert.deepEqual(numbers(rig.to(record)), range(0, 100));
	assert.equal(rig.count(record, RECORD.cuts), 0);
});

test("an entry that was used again is left out, not sent", () => {
	const rig = new Rig();
	const record = rig.join(0);
	rig.outlet.slices = 0;
	rig.outlet.open = false;
	rig.add(4, true);
	rig.batch();
	rig.memory.words[rig.ring.entry(1) + 5] = 999;
	rig.memory.words[rig.ring.entry(2)] = 0xffff_fff0;
	rig.outlet.slices = Number.POSITIVE_INFINITY;
	rig.outlet.open = true;
	rig.add(2, true);
	rig.batch();
	rig.pass(10);
	assert.deepEqual(numbers(rig.to(record)), [4, 5]);
});

test("memory is held for what is unsent, and no longer", () => {
	const rig = new Rig();
	rig.join(0);
	rig.add(4, true);
	rig.batch();
	assert.equal(rig.settled, rig.stamp);
	rig.outlet.open = false;
	rig.add(4);
	rig.batch();
	const before = rig.stamp;
	assert.ok(rig.settled < before);
	rig.add(4);
	rig.batch();
	assert.ok(rig.settled < before, "the messages that wait point to the older packets");
	rig.outlet.open = true;
	rig.pass(10);
	assert.equal(rig.settled, rig.stamp);
});

test("a destination that segmentation does not reach goes on without it", () => {
	const rig = new Rig();
	const records = [rig.join(0), rig.join(0)];
	let poor: Destination | undefined;
	const { send } = rig.outlet;
	rig.outlet.send = (destination, slice, kind) => {
		if (destination.record === records[0]) poor = destination;
		send.call(rig.outlet, destination, slice, kind);
	};
	rig.add(2, true);
	rig.batch();
	poor!.single = true;
	rig.outlet.events.single(poor!);
	rig.add(2);
	rig.batch();
	rig.add(2);
	rig.batch();
	rig.pass(10);
	for (const record of records) assert.deepEqual(numbers(rig.to(record)), range(0, 6));
});

test("an engine that shares its thread stops when it took long enough, and goes on where it stopped", () => {
	const rig = new Rig(false);
	rig.holdMs = 2;
	rig.start();
	const records = range(0, 10).map(() => rig.join(FLAG_REWRITE));
	rig.outlet.onSend = () => {
		rig.now += 1;
	};
	rig.add(5, true);
	assert.deepEqual([rig.batch(), rig.run()], [0, 0]);
	assert.equal(records.filter((record) => rig.to(record).length > 0).length, 8);
	assert.equal(rig.run(), Number.POSITIVE_INFINITY);
	for (const record of records) assert.deepEqual(numbers(rig.to(record)), range(0, 5));
});

test("a thread that is half a ring behind goes on at the next key frame", () => {
	const rig = new Rig();
	const record = rig.join(FLAG_REWRITE);
	rig.outlet.slices = 0;
	rig.outlet.open = false;
	rig.add(10, true);
	rig.batch();
	for (let i = 0; i < 30; i++) {
		rig.ring.trim(rig.now + 20_000);
		rig.add(100, i === 29);
	}
	rig.stream(DO_BATCH);
	rig.outlet.slices = Number.POSITIVE_INFINITY;
	rig.outlet.open = true;
	rig.run();
	rig.pass(20);
	assert.deepEqual(numbers(rig.to(record)), range(2910, 3010));
	assert.equal(rig.to(record)[0]!.sequence, 1000);
});
