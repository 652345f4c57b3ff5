import assert from "node:assert/strict";
import { test } from "node:test";
import { flag, type Handshake, handshakeType, MAGIC, parseHandshake, rejection, writeHandshake } from "./handshake.ts";
import { type Call, Listener } from "./listener.ts";
import { control, destinationOf, HEAD_BYTES, timestampOf, writeControl } from "./packet.ts";

const secret = Buffer.alloc(32, 7);

const induction: Handshake = {
	version: 4,
	encryption: 0,
	extension: 2,
	initialSequence: 77,
	mtu: 1500,
	flowWindow: 8192,
	type: handshakeType.induction,
	socketId: 1234,
	cookie: 0,
};

const hello = { version: 0x01_05_00, flags: 0x3f, receiveDelay: 300, sendDelay: 50 };

/** One listener and what it says to one address. */
class Room {
	now = 1000;
	readonly calls: Call[] = [];
	readonly answers: Handshake[] = [];
	readonly packets: Buffer[] = [];
	readonly listener = new Listener(secret, (call) => this.calls.push(call));

	say(handshake: Handshake, port = 5000, address = "192.0.2.1"): boolean {
		const bytes = writeControl(control.handshake, 0, 0, 999, 0, writeHandshake(handshake, false));
		const send = (answer: Buffer): void => {
			this.packets.push(Buffer.from(answer));
			this.answers.push(parseHandshake(answer.subarray(HEAD_BYTES))!);
		};
		return this.listener.datagram(bytes, { address, port, send }, this.now);
	}

	/** A conclusion with the cookie that the listener gave. */
	conclude(changes: Partial<Handshake> = {}, port = 5000, address = "192.0.2.1"): void {
		this.say(induction, port, address);
		const { cookie } = this.answers.at(-1)!;
		const type = handshakeType.conclusion;
		this.say(
			{ ...induction, version: 5, type, extension: 1, cookie, hello, streamId: "read:a", ...changes },
			port,
			address,
		);
	}
}

test("induction: version 5, the magic number, a cookie, to the caller's socket; nothing is kept", () => {
	const room = new Room();
	assert.equal(room.say(induction), true);
	const answer = room.answers[0]!;
	assert.deepEqual([answer.version, answer.extension, answer.type], [5, MAGIC, handshakeType.induction]);
	assert.notEqual(answer.cookie, 0);
	assert.equal(destinationOf(room.packets[0]!), 1234);
	room.say(induction, 5001);
	assert.notEqual(room.answers[1]!.cookie, answer.cookie);
	assert.equal(room.calls.length, 0);
});

test("conclusion: the caller's numbers, the longer of both latencies each way", () => {
	const room = new Room();
	room.conclude();
	assert.equal(room.calls[0]!.handshake.streamId, "read:a");
	const settings = room.listener.accept(room.calls[0]!, 120, undefined, room.now);
	const answer = room.answers.at(-1)!;
	assert.deepEqual([answer.type, answer.socketId], [handshakeType.conclusion, settings.socketId]);
	assert.deepEqual([answer.hello?.receiveDelay, answer.hello?.sendDelay], [120, 300]);
	assert.deepEqual([settings.receiveDelay, settings.sendDelay], [120, 300]);
	assert.deepEqual([settings.peerSocketId, settings.initialSequence, settings.peerTimestamp], [1234, 77, 999]);
});

test("a lost answer is given again, with its age, and the caller is not asked about twice", () => {
	const room = new Room();
	room.conclude();
	room.conclude();
	assert.equal(room.calls.length, 1);
	room.listener.accept(room.calls[0]!, 120, undefined, room.now);
	room.now += 250;
	room.conclude();
	assert.equal(room.calls.length, 1);
	assert.equal(timestampOf(room.packets.at(-1)!), 250_000);
	room.now += 20_000;
	room.listener.tick(room.now);
	room.conclude();
	assert.equal(room.calls.length, 2);
});

test("without its own fresh cookie a caller gets no answer", () => {
	const room = new Room();
	for (const change of [{ cookie: 1 }, {}]) {
		room.say(induction);
		const { cookie } = room.answers.at(-1)!;
		const type = handshakeType.conclusion;
		if (!("cookie" in change)) room.now += 200_000;
		const before = room.answers.length;
		room.say({ ...induction, version: 5, type, cookie, hello, ...change });
		assert.equal(room.answers.length, before);
	}
	assert.equal(room.calls.length, 0);
});

test("what cannot be had is refused at once, with its code", () => {
	const table = [
		[{ hello: undefined }, rejection.version],
		[{ hello: { ...hello, version: 0x01_02_00 } }, rejection.version],
		[{ hello: { ...hello, flags: hello.flags | flag.stream } }, rejection.messageApi],
		[{ socketId: 0 }, rejection.rogue],
	] as const;
	for (const [change, code] of table) {
		const room = new Room();
		room.conclude(change);
		assert.equal(room.answers.at(-1)!.type, code);
		assert.equal(room.calls.length, 0);
	}
	const room = new Room();
	room.conclude();
	room.listener.refuse(room.calls[0]!, rejection.badSecret);
	assert.equal(room.answers.at(-1)!.type, 1010);
	room.conclude();
	assert.deepEqual([room.calls.length, room.answers.at(-1)!.type], [1, 1010]);
});

test("rendezvous is refused at once, and nothing is kept of it", () => {
	const room = new Room();
	assert.equal(room.say({ ...induction, version: 5, type: handshakeType.waveAHand }), true);
	assert.deepEqual([room.answers[0]!.type, destinationOf(room.packets[0]!)], [rejection.rogue, 1234]);
	assert.equal(room.calls.length, 0);
});

test("extensions that are not known, like groups and packet filters, change nothing", () => {
	const room = new Room();
	room.say(induction);
	const type = handshakeType.conclusion;
	const { cookie } = room.answers[0]!;
	const known = { ...induction, version: 5, type, extension: 5, cookie, hello, streamId: "publish:a" };
	const bytes = writeHandshake(known, false);
	// Type 8, two words: a member of a broadcast group (libsrt's bonding); type 7: a packet filter; type 99: nobody's.
	const group = Buffer.from("00080002c000000101000001", "hex");
	const others = Buffer.from("000700016665632c0063000100000000", "hex");
	const head = HEAD_BYTES + 32;
	const all = Buffer.concat([bytes.subarray(0, head), group, bytes.subarray(head), others]);
	const packet = writeControl(control.handshake, 0, 0, 999, 0, all);
	room.listener.datagram(packet, { address: "192.0.2.1", port: 5000, send: () => {} }, room.now);
	assert.equal(room.calls.length, 1);
	assert.deepEqual([room.calls[0]!.handshake.streamId, room.calls[0]!.handshake.hello], ["publish:a", hello]);
});

test("callers who are being looked at are bounded, and those of one address leave room for others", () => {
	const room = new Room();
	for (let i = 0; i < 2500; i++) room.conclude({ socketId: 1 + i }, 1000 + i);
	assert.equal(room.calls.length, 2000);
	room.conclude({}, 5000, "192.0.2.2");
	assert.equal(room.calls.length, 2001);
	for (const call of room.calls) room.listener.refuse(call, rejection.badSecret);
	room.now += 11_000;
	room.listener.tick(room.now);
	room.conclude({ socketId: 9000 });
	assert.equal(room.calls.length, 2002);
	for (let i = 0; i < 25_000; i++) room.conclude({ socketId: 1 + i }, 1000, `198.51.${100 + (i >> 8)}.${i & 255}`);
	assert.equal(room.calls.length, 2001 + 20_000);
});

test("noise gets no answer and no place", () => {
	const room = new Room();
	let state = 5;
	const random = (most: number): number => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * most);
	};
	const real = writeControl(control.handshake, 0, 0, 0, 0, writeHandshake({ ...induction, version: 5, hello }, false));
	for (let i = 0; i < 100_000; i++) {
		const bytes = Buffer.from(real);
		for (let j = random(6); j >= 0; j--) bytes[random(bytes.length)] = random(256);
		room.listener.datagram(bytes.subarray(0, random(real.length)), { address: "a", port: 1, send: () => {} }, 0);
	}
	assert.equal(room.calls.length, 0);
});
