import assert from "node:assert/strict";
import { test } from "node:test";
import { Caller } from "./caller.ts";
import { Keys } from "./crypto.ts";
import { rejection } from "./handshake.ts";
import type { SessionSettings } from "./link.ts";
import { type Call, Listener } from "./listener.ts";
import { parseSrtUrl } from "./url.ts";

/** A caller and a listener on one wire. */
class Wire {
	now = 0;
	/** Datagrams of either side that get lost. */
	lost = 0;
	sent = 0;
	readonly calls: Call[] = [];
	readonly connected: SessionSettings[] = [];
	readonly refused: unknown[][] = [];
	readonly listener = new Listener(Buffer.alloc(32, 1), (call) => this.calls.push(call));
	readonly caller: Caller;

	constructor(keys?: Keys) {
		const options = { socketId: 42, initialSequence: 7, streamId: "read:cam", latency: 300, keys };
		const events = {
			send: (bytes: Buffer) => this.#toListener(bytes),
			connected: (settings: SessionSettings) => this.connected.push(settings),
			refused: (...said: unknown[]) => this.refused.push(said),
		};
		this.caller = new Caller(options, events, 0);
	}

	run(ms: number): void {
		for (const end = this.now + ms; this.now < end; this.now += 10) this.caller.tick(this.now);
	}

	#toListener(bytes: Buffer): void {
		this.sent++;
		if (this.lost-- > 0) return;
		const send = (answer: Buffer): void => {
			if (this.lost-- <= 0) this.caller.datagram(Buffer.from(answer), this.now);
		};
		this.listener.datagram(Buffer.from(bytes), { address: "192.0.2.1", port: 1, send }, this.now);
	}
}

test("a caller and a listener agree on numbers and latencies", () => {
	const wire = new Wire();
	wire.run(10);
	assert.equal(wire.calls[0]?.handshake.streamId, "read:cam");
	const there = wire.listener.accept(wire.calls[0]!, 120, undefined, wire.now);
	const here = wire.connected[0]!;
	assert.deepEqual([here.socketId, here.peerSocketId], [there.peerSocketId, there.socketId]);
	assert.deepEqual([here.initialSequence, there.initialSequence], [7, 7]);
	assert.deepEqual([here.receiveDelay, here.sendDelay], [300, 300]);
	assert.deepEqual([there.receiveDelay, there.sendDelay], [300, 300]);
});

test("what is lost is sent again every 250 ms, and nothing after the answer", () => {
	const wire = new Wire();
	wire.lost = 3;
	wire.run(1000);
	assert.equal(wire.calls.length, 1);
	wire.lost = 1;
	wire.listener.accept(wire.calls[0]!, 120, undefined, wire.now);
	assert.equal(wire.connected.length, 0);
	wire.lost = 0;
	wire.run(300);
	assert.equal(wire.connected.length, 1);
	const { sent } = wire;
	wire.run(1000);
	assert.equal(wire.sent, sent);
});

test("keys go along, and a listener that does not repeats them is left", async () => {
	const wire = new Wire(Keys.create("a passphrase", 24));
	wire.run(10);
	const opened = await Keys.open(wire.calls[0]!.handshake.keys!, "a passphrase");
	wire.listener.accept(wire.calls[0]!, 120, opened, wire.now);
	assert.equal(wire.connected[0]?.keys?.keyBytes, 24);
	const other = new Wire(Keys.create("a passphrase", 24));
	other.run(10);
	const [call] = other.calls;
	other.listener.accept({ ...call!, handshake: { ...call!.handshake, keys: undefined } }, 120, undefined, 0);
	assert.deepEqual(other.refused, [["the listener has another passphrase, or none", undefined]]);
});

test("a refusal ends the call, with its reason", () => {
	for (const [code, reason, status] of [
		[rejection.badSecret, "the passphrase is wrong (SRT rejection 10)", undefined],
		[rejection.notFound, "there is no such stream (SRT rejection 1404)", 404],
		[rejection.locked, "nobody wants it now (SRT rejection 1423)", 423],
		[1999, "the listener has refused the call (SRT rejection 999)", undefined],
	] as const) {
		const wire = new Wire();
		wire.run(10);
		wire.listener.refuse(wire.calls[0]!, code);
		assert.deepEqual(wire.refused, [[reason, status]]);
		wire.run(1000);
		assert.equal(wire.calls.length, 1);
	}
});

test("addresses of other listeners", () => {
	assert.deepEqual(parseSrtUrl("srt://h:1?streamid=read:a:u:p&passphrase=0123456789&pbkeylen=32&latency=500"), {
		...{ host: "h", port: 1, streamId: "read:a:u:p", passphrase: "0123456789", keyBytes: 32, latency: 500 },
	});
	assert.equal(parseSrtUrl("srt://[::1]:1").host, "::1");
	assert.equal(parseSrtUrl("srt://h:1?streamid=%23!::r=a,m=request").streamId, "#!::r=a,m=request");
	for (const bad of [
		"srt://h",
		"rtmp://h:1",
		"srt://h:1?passphrase=short",
		"srt://h:1?pbkeylen=8",
		"srt://h:1?latency=x",
	]) {
		assert.throws(() => parseSrtUrl(bad), Error, bad);
	}
});
