import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { skipFor } from "../../test/support/peers.ts";
import { NativeBatch, openBatch, Recipient } from "./datagram-batch.ts";
import { type MessageSystem, openSendMessages } from "./sender/message-queue.ts";
import { openUdp, type UdpSocket } from "./udp.ts";
import { hasSegmentation } from "./udp-native.ts";

const EAGAIN = 11;
const EMSGSIZE = 90;
const system = openSendMessages();
const skip = skipFor(system ? undefined : "no sendmmsg");

/** Somebody who keeps what comes. */
class Receiver implements AsyncDisposable {
	readonly got: string[] = [];
	readonly #socket = createSocket("udp4", (bytes) => this.got.push(bytes.toString()));

	static async open(): Promise<Receiver> {
		const receiver = new Receiver();
		receiver.#socket.bind(0, "127.0.0.1");
		await once(receiver.#socket, "listening");
		return receiver;
	}

	get recipient(): Recipient {
		return new Recipient("127.0.0.1", this.#socket.address().port);
	}

	async until(count: number): Promise<string[]> {
		while (this.got.length < count) await once(this.#socket, "message");
		return this.got;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#socket.close();
	}
}

/** The real system, of which the first calls fail as the test says. */
function failing(...errors: number[]): MessageSystem & { calls: number[] } {
	let errno = 0;
	const calls: number[] = [];
	return {
		calls,
		errno: () => errno || system!.errno(),
		send: (fd, address, count, flags) => {
			errno = errors.shift() ?? 0;
			calls.push(count);
			return errno === 0 ? system!.send(fd, address, count, flags) : -1;
		},
	};
}

/** Three messages, each with a head of its own and payloads that are shared, as a session sends them. */
function add(batch: { add: NativeBatch["add"] }, to: Recipient, payloads: readonly Uint8Array[]): void {
	const head = Buffer.alloc(2);
	for (const [i, payload] of payloads.entries()) {
		head.write(`${i}:`);
		batch.add(to, head, payload);
	}
}

const payloads = ["aaaa", "bbbb", "cc"].map((text) => Buffer.from(text));
const expected = ["0:aaaa", "1:bbbb", "2:cc"];

async function openSocket(): Promise<{ socket: UdpSocket } & AsyncDisposable> {
	const port = await openUdp("127.0.0.1:0", () => {});
	return { socket: port.sockets[0]!, [Symbol.asyncDispose]: () => port.close() };
}

for (const segmenting of [true, false]) {
	test(`what goes to many leaves in one call, ${segmenting ? "cut by the kernel" : "whole"}`, { skip }, async (t) => {
		if (segmenting && !hasSegmentation()) return t.skip("no UDP segmentation");
		await using open = await openSocket();
		await using first = await Receiver.open();
		await using second = await Receiver.open();
		const calls = failing();
		const batch = new NativeBatch(open.socket.fd, calls, segmenting);
		for (const { recipient } of [first, second]) add(batch, recipient, payloads);
		assert.deepEqual(calls.calls, []);
		assert.deepEqual(await first.until(3), expected);
		assert.deepEqual(await second.until(3), expected);
		assert.deepEqual(calls.calls, [segmenting ? 2 : 6]);
		batch.close();
	});
}

test("a full socket is tried again, and nothing is lost or turned round", { skip }, async () => {
	await using open = await openSocket();
	await using receiver = await Receiver.open();
	const batch = new NativeBatch(open.socket.fd, failing(EAGAIN, EAGAIN));
	const { recipient } = receiver;
	add(batch, recipient, payloads);
	await new Promise((resolve) => setImmediate(resolve));
	batch.add(recipient, Buffer.from("last"));
	assert.deepEqual(await receiver.until(4), [...expected, "last"]);
	assert.equal(batch.lost, 0);
	batch.close();
});

test("where the way is too narrow for what the kernel cuts, packets go one by one", { skip }, async () => {
	await using open = await openSocket();
	await using receiver = await Receiver.open();
	const batch = new NativeBatch(open.socket.fd, failing(EMSGSIZE), true);
	const { recipient } = receiver;
	add(batch, recipient, payloads);
	assert.deepEqual(await receiver.until(3), expected);
	assert.ok(recipient.single);
	add(batch, recipient, payloads);
	assert.deepEqual(await receiver.until(6), [...expected, ...expected]);
	batch.close();
});

test("a socket that stays full costs packets, not memory; a closed batch sends nothing", { skip }, async () => {
	await using open = await openSocket();
	const stuck: MessageSystem = { errno: () => EAGAIN, send: () => -1 };
	const batch = new NativeBatch(open.socket.fd, stuck);
	const recipient = new Recipient("127.0.0.1", 9);
	for (let i = 0; i < 20_000; i++) batch.add(recipient, Buffer.alloc(16), Buffer.alloc(1316));
	assert.ok(batch.lost > 19_000, `${batch.lost}`);
	batch.close();
	const lost = batch.lost;
	batch.add(recipient, Buffer.alloc(16));
	assert.equal(batch.lost, lost + 1);
});

test("more than one call takes leaves in several, whole and in order", { skip }, async () => {
	await using open = await openSocket();
	await using receiver = await Receiver.open();
	const batch = openBatch(open.socket);
	const { recipient } = receiver;
	for (let i = 0; i < 3000; i++) {
		batch.add(recipient, Buffer.from(`${i}`.padStart(8)), i % 3 === 0 ? Buffer.alloc(i % 100, "x") : payloads[0]!);
		// The receiver's own buffer is the system's.
		if (i % 50 === 49) await receiver.until(i + 1);
	}
	const numbers = (await receiver.until(3000)).map((text) => Number(text.slice(0, 8)));
	assert.deepEqual(
		numbers,
		Array.from({ length: 3000 }, (_, i) => i),
	);
	batch.close();
});

test("without sendmmsg they leave through dgram", async () => {
	await using open = await openSocket();
	await using receiver = await Receiver.open();
	const batch = openBatch({ ...open.socket, fd: -1 });
	add(batch, receiver.recipient, payloads);
	assert.deepEqual(await receiver.until(3), expected);
	batch.close();
});
