import assert from "node:assert/strict";
import { test } from "node:test";
import { Keys, parseKeys } from "./crypto.ts";
import { type Handshake, handshakeType, parseHandshake, writeHandshake } from "./handshake.ts";
import {
	acknowledgementBody,
	control,
	controlTypeOf,
	destinationOf,
	HEAD_BYTES,
	infoOf,
	isControl,
	isRetransmitted,
	keyFlagOf,
	lossList,
	parseAcknowledgement,
	parseLossList,
	sequenceOf,
	subtypeOf,
	timestampOf,
	writeControl,
	writeDataHead,
} from "./packet.ts";
import { sequenceAfter, sequenceDistance } from "./sequence.ts";
import { parseStreamId } from "./stream-id.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

test("the head of a data packet", () => {
	const bytes = Buffer.alloc(HEAD_BYTES);
	writeDataHead(bytes, 0x7fff_ffff, 0x03ff_ffff, 2, 0xffff_fffe, 0x1234_5678);
	assert.deepEqual(bytes, hex("7fffffff d3ffffff fffffffe 12345678"));
	assert.equal(isRetransmitted(bytes), false);
	writeDataHead(bytes, 0x7fff_ffff, 0x03ff_ffff, 2, 0xffff_fffe, 0x1234_5678, true);
	assert.deepEqual(bytes, hex("7fffffff d7ffffff fffffffe 12345678"));
	assert.deepEqual([isControl(bytes), isRetransmitted(bytes), keyFlagOf(bytes)], [false, true, 2]);
	assert.deepEqual(
		[sequenceOf(bytes), timestampOf(bytes), destinationOf(bytes)],
		[0x7fff_ffff, 0xffff_fffe, 0x1234_5678],
	);
});

test("the head of a control packet", () => {
	const bytes = writeControl(control.user, 3, 7, 8, 9, hex("aabb"));
	assert.deepEqual(bytes, hex("ffff0003 00000007 00000008 00000009 aabb"));
	assert.deepEqual(
		[isControl(bytes), controlTypeOf(bytes), subtypeOf(bytes), infoOf(bytes)],
		[true, control.user, 3, 7],
	);
});

test("lists of losses: single numbers, ranges, and what makes no sense", () => {
	const ranges = [
		{ from: 5, to: 5 },
		{ from: 0x7fff_fffe, to: 1 },
	];
	const body = hex("00000005 fffffffe 00000001");
	assert.deepEqual(lossList(ranges), body);
	const packet = (bytes: Buffer): Buffer => writeControl(control.nak, 0, 0, 0, 0, bytes);
	assert.deepEqual(parseLossList(packet(body)), ranges);
	for (const bad of ["80000001", "80000001 80000002", "000001", ""]) {
		assert.deepEqual(parseLossList(packet(hex(bad))), [], bad);
	}
	assert.equal(parseLossList(packet(Buffer.alloc(4000, 1))).length, 512);
});

test("acknowledgements: full, light, and too short", () => {
	const packet = (bytes: Buffer): Buffer => writeControl(control.ack, 0, 1, 0, 0, bytes);
	const full = acknowledgementBody(7, 100_000, 50_000, 8000, 10, 20);
	assert.equal(full.length, 28);
	assert.deepEqual(parseAcknowledgement(packet(full)), { next: 7, rtt: 100_000, rttVariance: 50_000, room: 8000 });
	assert.equal(parseAcknowledgement(packet(full.subarray(0, 4)))?.rtt, undefined);
	assert.equal(parseAcknowledgement(packet(Buffer.alloc(3))), undefined);
});

test("sequence numbers go round", () => {
	assert.equal(sequenceAfter(0x7fff_ffff), 0);
	assert.equal(sequenceAfter(0, -1), 0x7fff_ffff);
	assert.equal(sequenceDistance(0x7fff_ffff, 1), 2);
	assert.equal(sequenceDistance(1, 0x7fff_ffff), -2);
});

const conclusion: Handshake = {
	version: 5,
	encryption: 2,
	extension: 7,
	initialSequence: 0x1234_5678,
	mtu: 1500,
	flowWindow: 8192,
	type: handshakeType.conclusion,
	socketId: 0x0abc_def0,
	cookie: 0xfeed_beef,
	hello: { version: 0x01_05_00, flags: 0xbf, receiveDelay: 120, sendDelay: 0 },
	keys: Buffer.alloc(8, 3),
	streamId: "publish:cam",
};

test("a conclusion with all its extensions, text turned round word by word", () => {
	const bytes = writeHandshake(conclusion, false);
	assert.deepEqual(
		bytes,
		hex(`00000005 0002 0007 12345678 000005dc 00002000 ffffffff 0abcdef0 feedbeef
			00000000 00000000 00000000 00000000
			0001 0003 00010500 000000bf 0078 0000
			0003 0002 03030303 03030303
			0005 0003 6c627570 3a687369 006d6163`),
	);
	assert.deepEqual(parseHandshake(bytes), conclusion);
	const answer = parseHandshake(writeHandshake(conclusion, true));
	assert.deepEqual(answer?.hello, conclusion.hello);
});

test("no cut of a handshake breaks the reader, and no wrong length leads out of it", () => {
	const bytes = writeHandshake(conclusion, false);
	for (let end = 0; end < bytes.length; end++) {
		const found = parseHandshake(bytes.subarray(0, end));
		assert.equal(found === undefined, end < 48);
	}
	bytes.writeUInt16BE(0xffff, 50);
	assert.equal(parseHandshake(bytes)?.hello, undefined);
	const induction = { ...conclusion, type: handshakeType.induction, version: 4 };
	assert.equal(parseHandshake(writeHandshake(induction, false))?.streamId, undefined);
});

test("stream ids in both syntaxes", () => {
	const none = { kind: "none" } as const;
	const login = { kind: "password", name: "u", password: "p" } as const;
	const table = [
		["publish:cam", { action: "publish", path: "cam", query: "", credentials: none }],
		["read:a/b:x=1", { action: "read", path: "a/b", query: "x=1", credentials: none }],
		["read:cam:token=t", { action: "read", path: "cam", query: "token=t", credentials: { kind: "token", token: "t" } }],
		["publish:cam:u:p", { action: "publish", path: "cam", query: "", credentials: login }],
		["publish:cam:u:p:x=1", { action: "publish", path: "cam", query: "x=1", credentials: login }],
		["#!::m=publish,r=cam,u=u,s=p", { action: "publish", path: "cam", query: "", credentials: login }],
		["#!::r=/cam", { action: "read", path: "cam", query: "", credentials: none }],
		["#!::r=cam,m=request,s=t", { action: "read", path: "cam", query: "", credentials: { kind: "token", token: "t" } }],
	] as const;
	for (const [text, expected] of table) assert.deepEqual(parseStreamId(text), expected, text);
	for (const text of [
		"",
		"cam",
		"publish:",
		"play:cam",
		"read:a:b:c:d:e",
		"#!::m=bidirectional,r=a",
		"#!::m=publish",
	]) {
		assert.equal(parseStreamId(text), undefined, text);
	}
});

test("the counter of AES is the salt with the packet's number, then blocks from 0", () => {
	const keys = Keys.create("a passphrase", 16);
	const zeros = Buffer.alloc(48);
	const stream = keys.crypt(zeros, 1, 7)!;
	assert.deepEqual(keys.crypt(stream, 1, 7), zeros);
	assert.notDeepEqual(keys.crypt(zeros, 1, 8), stream);
	assert.equal(keys.crypt(zeros, 2, 7), undefined);
});

test("key material is opened with its passphrase alone", async () => {
	for (const bytes of [16, 24, 32] as const) {
		const keys = Keys.create("a passphrase", bytes);
		keys.renew(2);
		for (const which of [1, 2, 3] as const) {
			const message = keys.message(which);
			assert.equal(message.length, 40 + (which === 3 ? 2 : 1) * bytes);
			const opened = await Keys.open(message, "a passphrase");
			const plain = Buffer.from("hello");
			if (which & 1) assert.deepEqual(opened?.crypt(keys.crypt(plain, 1, 3)!, 1, 3), plain);
			if (which & 2) assert.deepEqual(opened?.crypt(keys.crypt(plain, 2, 3)!, 2, 3), plain);
			assert.equal(await Keys.open(message, "another passphrase"), undefined);
			for (let end = 0; end < message.length; end++) assert.equal(parseKeys(message.subarray(0, end)), undefined);
		}
	}
});
