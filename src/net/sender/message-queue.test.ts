import assert from "node:assert/strict";
import { test } from "node:test";
import { Pool } from "../pool.ts";
import type { Destination } from "./destination.ts";
import { THREAD_BYTES } from "./layout.ts";
import { type Memory, viewMemory } from "./memory.ts";
import { MessageQueue, QUEUE_BYTES, writeControls } from "./message-queue.ts";

const EINTR = 4;
const EIO = 5;
const EAGAIN = 11;
const EMSGSIZE = 90;
const ECONNREFUSED = 111;
const EACCES = 13;

/** A message as the kernel would read it. */
interface Message {
	readonly name: number;
	readonly text: string;
	/** Segment size; 0 where it is not to be cut. */
	readonly segment: number;
}

/** Stands for the kernel: reads messages by their addresses, and answers each as the test says. */
class Kernel {
	readonly sent: Message[] = [];
	/** Error numbers of the next messages, 0 for none; when they are used up, all is well. */
	answers: number[] = [];
	calls = 0;
	#errno = 0;
	readonly #memory: Memory;

	constructor(memory: Memory) {
		this.#memory = memory;
	}

	readonly errno = (): number => this.#errno;

	readonly send = (_fd: number, address: number, count: number, _flags: number): number => {
		this.calls++;
		for (let i = 0; i < count; i++) {
			this.#errno = this.answers.shift() ?? 0;
			if (this.#errno !== 0) return i > 0 ? i : -1;
			this.sent.push(this.#read(address - this.#memory.address + i * 64));
		}
		return count;
	};

	#pointer(at: number): number {
		return Number(this.#memory.view.getBigUint64(at, true)) - this.#memory.address;
	}

	#read(at: number): Message {
		const { bytes, view } = this.#memory;
		const vectors = this.#pointer(at + 16);
		const parts: Uint8Array[] = [];
		for (let i = 0; i < Number(view.getBigUint64(at + 24, true)); i++) {
			const from = this.#pointer(vectors + 16 * i);
			parts.push(bytes.subarray(from, from + Number(view.getBigUint64(vectors + 16 * i + 8, true))));
		}
		const control = Number(view.getBigUint64(at + 40, true));
		const segment = control > 0 ? view.getUint16(this.#pointer(at + 32) + 16, true) : 0;
		return { name: this.#pointer(at), text: Buffer.concat(parts).toString(), segment };
	}
}

class Rig {
	readonly pool = new Pool(4 * 1024 * 1024);
	readonly memory = viewMemory(this.pool.shared, this.pool.address);
	readonly kernel = new Kernel(this.memory);
	readonly single: Destination[] = [];
	readonly refused: number[] = [];
	readonly queue: MessageQueue;
	#at = this.pool.allocate(65_536);

	constructor() {
		const block = this.pool.allocate(THREAD_BYTES);
		writeControls(this.memory, block);
		const region = this.pool.allocate(QUEUE_BYTES);
		const events = {
			single: (one: Destination) => this.single.push(one),
			refused: (errno: number) => this.refused.push(errno),
		};
		const options = { fd: 3, region, block, segmenting: true, clock: () => 100, events };
		this.queue = new MessageQueue(this.memory, options, this.kernel);
	}

	/** Adds a message whose parts are its vectors. */
	add(owner: Destination, parts: readonly string[], count: number, segment: number): void {
		const first = this.queue.vector;
		for (const part of parts) {
			this.memory.bytes.set(Buffer.from(part), this.#at);
			this.queue.point(this.#at, part.length);
			this.#at += part.length + 3;
		}
		this.queue.add(owner, first, parts.length, count, segment);
	}

	get texts(): string[] {
		return this.kernel.sent.map(({ text }) => text);
	}

	owner(offset: number): Destination & { refusals: number } {
		const owner = { name: this.memory.low + offset, nameBytes: 16, single: false, refusals: 0, refuse: () => {} };
		owner.refuse = () => owner.refusals++;
		return owner as unknown as Destination & { refusals: number };
	}
}

test("all messages in one call, as the system wants them", () => {
	const rig = new Rig();
	const [a, b] = [rig.owner(64), rig.owner(128)];
	rig.add(a, ["aaaa", "aabb"], 3, 3);
	rig.add(b, ["c"], 1, 0);
	assert.equal(rig.queue.flush(), true);
	assert.equal(rig.kernel.calls, 1);
	assert.deepEqual(rig.kernel.sent, [
		{ name: 64, text: "aaaaaabb", segment: 3 },
		{ name: 128, text: "c", segment: 0 },
	]);
	assert.ok(rig.queue.empty);
});

test("a full socket: the rest waits, and goes on where it stopped", () => {
	const rig = new Rig();
	for (const text of ["a", "b", "c"]) rig.add(rig.owner(64), [text], 1, 0);
	// sendmmsg tells of what left; the error comes with the next call.
	rig.kernel.answers = [0, EAGAIN, EAGAIN];
	assert.equal(rig.queue.flush(), false);
	assert.deepEqual([rig.queue.empty, rig.queue.blockedUntil], [false, 101]);
	rig.kernel.answers = [EINTR];
	assert.equal(rig.queue.flush(), true);
	assert.deepEqual(rig.texts, ["a", "b", "c"]);
	assert.equal(rig.queue.blockedUntil, 0);
});

test("a destination that is refused is skipped and counted, the others get theirs", () => {
	const rig = new Rig();
	const owner = rig.owner(64);
	rig.add(rig.owner(0), ["a"], 1, 0);
	rig.add(owner, ["b"], 1, 0);
	rig.add(rig.owner(0), ["c"], 1, 0);
	rig.kernel.answers = [0, EACCES, EACCES];
	assert.equal(rig.queue.flush(), true);
	assert.deepEqual(rig.texts, ["a", "c"]);
	assert.equal(owner.refusals, 1);
});

test("an ICMP error of somebody else costs nobody a message", () => {
	const rig = new Rig();
	rig.add(rig.owner(64), ["a"], 1, 0);
	rig.kernel.answers = [ECONNREFUSED];
	assert.equal(rig.queue.flush(), true);
	assert.deepEqual(rig.texts, ["a"]);
	rig.add(rig.owner(64), ["b"], 1, 0);
	rig.kernel.answers = [ECONNREFUSED, ECONNREFUSED];
	assert.equal(rig.queue.flush(), true);
	assert.deepEqual(rig.texts, ["a"]);
});

test("segments too large for the way leave one by one, across vectors, also where the socket is full in between", () => {
	const rig = new Rig();
	const owner = rig.owner(64);
	rig.add(owner, ["aaab", "bbccc", "d"], 4, 3);
	rig.add(rig.owner(0), ["e"], 1, 0);
	rig.kernel.answers = [EMSGSIZE, 0, EAGAIN];
	assert.equal(rig.queue.flush(), false);
	assert.equal(rig.queue.flush(), true);
	assert.deepEqual(rig.texts, ["aaa", "bbb", "ccc", "d", "e"]);
	assert.ok(rig.kernel.sent.every(({ segment }) => segment === 0));
	assert.deepEqual(rig.single, [owner]);
	assert.equal(rig.queue.most, 48);
});

test("a socket without segmentation is told once, and used without", () => {
	const rig = new Rig();
	rig.add(rig.owner(64), ["aaabb"], 2, 3);
	rig.add(rig.owner(64), ["cccdd"], 2, 3);
	rig.kernel.answers = [EIO, 0, 0, EIO];
	assert.equal(rig.queue.flush(), true);
	assert.deepEqual(rig.texts, ["aaa", "bb", "ccc", "dd"]);
	assert.deepEqual([rig.refused, rig.single.length, rig.queue.most], [[EIO], 0, 1]);
});
