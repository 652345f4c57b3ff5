import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../../test/network/impair.ts";
import { SessionPair } from "../../../test/support/srt-pair.ts";
import { Keys } from "./crypto.ts";
import { control, controlTypeOf, HEAD_BYTES, isControl, lossList, writeControl } from "./packet.ts";
import { Session } from "./session.ts";

/** So many messages, one each 2 ms, and time for all to arrive. */
function stream(link: SessionPair, count: number): void {
	let number = 0;
	link.run(2 * count + 1000, (now) => {
		if (now % 2 === 0 && number < count) link.write(number++);
	});
}

const inOrder = (got: readonly number[]): boolean => got.every((one, i) => i === 0 || one > got[i - 1]!);

test("everything arrives in order and each message after the latency, across the wrap of the numbers", () => {
	const link = new SessionPair({ latency: 120, delay: 20 });
	stream(link, 500);
	assert.deepEqual(
		link.got,
		Array.from({ length: 500 }, (_, i) => i),
	);
	// A ticking of 10 ms, and the way itself.
	assert.ok(Math.min(...link.latencies) >= 140, `${Math.min(...link.latencies)}`);
	assert.ok(Math.max(...link.latencies) <= 152, `${Math.max(...link.latencies)}`);
	assert.ok(Math.abs(link.receiver.roundTrip - 40) < 2, `${link.receiver.roundTrip}`);
	assert.equal(link.receiver.statistics.naksSent, 0);
	assert.equal(link.sender.held.sent, 0);
});

for (const seed of [1, 2, 3]) {
	test(`5 % loss both ways, 100 ms of round trip, latency 500 ms: what is lost is sent again (seed ${seed})`, () => {
		const link = new SessionPair({ loss: 0.05, seed });
		stream(link, 5000);
		const { packetsReceiveDropped, packetsMissed } = link.receiver.statistics;
		assert.ok(inOrder(link.got));
		assert.ok(packetsMissed > 100, `${packetsMissed}`);
		assert.ok(link.got.length >= 4999, `${link.got.length} of 5000`);
		assert.equal(link.got.length + packetsReceiveDropped, 5000);
		const { packetsSentAgain } = link.sender.statistics;
		assert.ok(packetsSentAgain < 600, `${packetsSentAgain} were sent again`);
	});
}

test("20 % loss and little latency: the stream goes on, and what is lost is counted", () => {
	const link = new SessionPair({ loss: 0.2, latency: 120 });
	stream(link, 3000);
	assert.ok(inOrder(link.got));
	assert.ok(link.got.length > 2000, `${link.got.length}`);
	const { packetsReceiveDropped } = link.receiver.statistics;
	assert.ok(packetsReceiveDropped > 50);
	assert.ok(link.got.length + packetsReceiveDropped >= 2990);
	// The last ones hold up nothing that is behind them: they may still come late.
	const most = Math.max(...link.latencies.slice(0, -20));
	assert.ok(most <= 182, `${most}`);
});

test("the last packets are sent again though no later one shows that they are missing", () => {
	const link = new SessionPair({});
	let lost = 0;
	link.loses = (bytes, fromSender) => fromSender && !isControl(bytes) && lost++ < 3;
	for (let i = 0; i < 3; i++) link.write(i);
	link.run(1500);
	assert.deepEqual(link.got, [0, 1, 2]);
});

test("a sender gives up what is too old, and does not stop", () => {
	const link = new SessionPair({});
	let closed = true;
	link.loses = (bytes, fromSender) => fromSender && closed && !isControl(bytes);
	for (let i = 0; i < 100; i++) link.write(i);
	link.run(3000);
	assert.equal(link.sender.statistics.packetsSendDropped, 100);
	closed = false;
	for (let i = 100; i < 110; i++) link.write(i);
	link.run(2000);
	assert.deepEqual(link.got, [100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
	assert.equal(link.receiver.statistics.packetsReceiveDropped, 100);
});

test("after an outage longer than the window the receiver goes on with what comes", () => {
	const link = new SessionPair({ latency: 100 });
	stream(link, 20);
	link.loses = (bytes) => !isControl(bytes);
	for (let round = 0; round < 3; round++) {
		for (let i = 0; i < 3000; i++) link.write(20 + i);
		link.run(1200);
	}
	link.loses = () => false;
	for (let i = 90_000; i < 90_010; i++) link.write(i);
	link.run(1000);
	assert.deepEqual(
		link.got.slice(-10),
		[90_000, 90_001, 90_002, 90_003, 90_004, 90_005, 90_006, 90_007, 90_008, 90_009],
	);
	assert.equal(link.receiver.statistics.packetsReceiveDropped, 9000);
});

test("a peer that says it misses everything all the time is not served without end", () => {
	const sent: Buffer[] = [];
	const out = { send: (bytes: Buffer) => sent.push(bytes), data: () => {}, closed: () => {} };
	const { settings } = new SessionPair({ first: 0 }).sender;
	const session = new Session(settings, out, 0);
	for (let i = 0; i < 4000; i++) session.write(Buffer.alloc(100), 0);
	sent.length = 0;
	const ranges = Array.from({ length: 180 }, () => ({ from: 0, to: 3999 }));
	const nak = writeControl(control.nak, 0, 0, 0, 1, lossList(ranges));
	for (let i = 0; i < 10; i++) session.datagram(nak, 1);
	assert.equal(sent.length, 2048);
});

test("a sender takes no more than fits, and takes more when it was acknowledged", () => {
	const link = new SessionPair({});
	let taken = 0;
	while (link.write(taken)) taken++;
	assert.equal(taken, 8191);
	link.run(1000);
	assert.ok(link.write(taken));
});

test("encrypted, with keys that are changed twice while packets are lost", () => {
	const keys = Keys.create("a passphrase", 32);
	const link = new SessionPair({ keys, loss: 0.05, refresh: { after: 1000, announce: 200 } });
	stream(link, 3000);
	assert.ok(link.got.length >= 2995, `${link.got.length}`);
	assert.deepEqual([...link.flags].sort(), [1, 2]);
	assert.equal(link.receiver.statistics.packetsUndecrypted, 0);
});

test("what comes in clear is not taken where there are keys", () => {
	const link = new SessionPair({ keys: Keys.create("a passphrase", 16) });
	link.loses = (bytes) => {
		if (!isControl(bytes)) bytes[4] = bytes[4]! & ~0x18;
		return false;
	};
	stream(link, 10);
	assert.equal(link.got.length, 0);
	assert.equal(link.receiver.statistics.packetsUndecrypted, 10);
});

test("keep-alives hold a silent connection; silence and a goodbye end it", () => {
	const link = new SessionPair({});
	link.run(20_000);
	assert.deepEqual(link.ends, []);
	link.loses = () => true;
	link.run(6000);
	assert.deepEqual(link.ends, Array(2).fill("the peer has been silent for 5 s"));
	const other = new SessionPair({});
	other.sender.close(0);
	other.run(100);
	assert.deepEqual(other.ends, ["the peer closed the connection"]);
	assert.equal(other.write(1), false);
});

test("noise breaks nothing: 120,000 datagrams, half of them damaged ones of a real stream", () => {
	const random = seeded(7);
	const real: Buffer[] = [];
	const link = new SessionPair({ loss: 0.1 });
	link.loses = (bytes) => {
		if (real.length < 500) real.push(Buffer.from(bytes));
		return false;
	};
	stream(link, 300);
	const out = { send: () => {}, data: () => {}, closed: () => {} };
	let session = new Session(link.receiver.settings, out, 0);
	for (let i = 0; i < 120_000; i++) {
		const bytes = i % 2 ? Buffer.from(real[Math.floor(random() * real.length)]!) : Buffer.alloc(random() * 64);
		const times = 1 + random() * 4;
		for (let j = 0; j < times && bytes.length > 0; j++) bytes[Math.floor(random() * bytes.length)] = random() * 256;
		if (i % 2 === 0 && bytes.length >= HEAD_BYTES) bytes[0] = random() < 0.5 ? 0x80 : bytes[0]!;
		session.datagram(bytes.subarray(0, random() < 0.2 ? random() * bytes.length : bytes.length), i / 10);
		if (i % 100 === 0) session.tick(i / 10);
		if (i % 1000 === 0) session = new Session(link.receiver.settings, out, i / 10);
	}
	assert.ok(real.some((bytes) => isControl(bytes) && controlTypeOf(bytes) === control.nak));
});
