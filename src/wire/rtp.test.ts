import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	rtpHeaderBytes,
	rtpMarker,
	rtpPaddingBytes,
	rtpPayloadType,
	rtpSequence,
	rtpSsrc,
	rtpTimestamp,
	SequenceUnwrapper,
	setRtpPayloadType,
	TimestampUnwrapper,
	writeRtpHeader,
} from "./rtp.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

const table = [
	{ name: "plain", bytes: hex("80 e0 fffe fffffff0 deadbeef 41"), header: 12, padding: 0 },
	{ name: "no payload", bytes: hex("80 60 0001 00000002 00000003"), header: 12, padding: 0 },
	{ name: "two contributing sources", bytes: hex("82 60 0001 00000002 00000003 00000004 00000005 41"), header: 20 },
	{ name: "extension of one word", bytes: hex("90 60 0001 00000002 00000003 bede0001 10ff0000 41"), header: 20 },
	{ name: "extension of no word", bytes: hex("90 60 0001 00000002 00000003 bede0000 41"), header: 16 },
	{ name: "padding", bytes: hex("a0 60 0001 00000002 00000003 41 000003"), header: 12, padding: 3 },
	{ name: "nothing but padding", bytes: hex("a0 60 0001 00000002 00000003 01"), header: 12, padding: 1 },
];

const invalid = [
	{ name: "empty", bytes: hex("") },
	{ name: "one byte short", bytes: hex("80 60 0001 00000002 000000") },
	{ name: "version 1", bytes: hex("40 60 0001 00000002 00000003") },
	{ name: "a source that is not there", bytes: hex("81 60 0001 00000002 00000003 0000") },
	{ name: "half an extension header", bytes: hex("90 60 0001 00000002 00000003 bede") },
	{ name: "an extension longer than the packet", bytes: hex("90 60 0001 00000002 00000003 bede0002 10ff0000") },
	{ name: "padding of none", bytes: hex("a0 60 0001 00000002 00000003 00") },
	{ name: "padding longer than the payload", bytes: hex("a0 60 0001 00000002 00000003 02") },
];

test("header lengths are found at any offset", () => {
	for (const { name, bytes, header, padding = 0 } of table) {
		const shifted = Buffer.concat([Buffer.alloc(3), bytes]);
		assert.equal(rtpHeaderBytes(shifted, 3, bytes.length), header, name);
		assert.equal(rtpPaddingBytes(shifted, 3, bytes.length), padding, name);
	}
});

test("what is no RTP packet is refused", () => {
	for (const { name, bytes } of invalid) assert.equal(rtpHeaderBytes(bytes, 0, bytes.length), -1, name);
});

test("every cut of a packet is refused or its header lies within it", () => {
	for (const { bytes } of [...table, ...invalid]) {
		for (let length = 0; length < bytes.length; length++) {
			assert.ok(rtpHeaderBytes(bytes, 0, length) <= length);
		}
	}
});

test("any bytes are refused, or their header and padding lie within them and overlap nowhere", () => {
	let taken = 0;
	const first = fc.oneof(fc.integer({ min: 0x80, max: 0xbf }), fc.nat(255));
	const bytes = fc
		.tuple(first, fc.uint8Array({ maxLength: 99, size: "max" }))
		.map(([head, rest]) => Uint8Array.from([head, ...rest]));
	// An extension that fits is rare among random bytes.
	const words = fc.option(fc.nat(20), { nil: undefined });
	fc.assert(
		fc.property(bytes, words, fc.nat(8), fc.boolean(), (packet, extension, offset, short) => {
			const at = 12 + (packet[0]! & 15) * 4;
			if (extension !== undefined && packet.length >= at + 4) packet.set([0, extension], at + 2);
			if (short) packet[packet.length - 1]! &= 15;
			const whole = Uint8Array.from([...new Uint8Array(offset).fill(0xff), ...packet, 0xff, 0xff]);
			const header = rtpHeaderBytes(whole, offset, packet.length);
			if (header === -1) return;
			taken++;
			const padding = rtpPaddingBytes(whole, offset, packet.length);
			assert.ok(header >= 12 && padding >= 0 && header + padding <= packet.length);
			assert.ok((packet[0]! & 0x20) === 0 || padding > 0);
		}),
		{ seed: 2, numRuns: 20_000 },
	);
	assert.ok(taken > 2_000, `${taken} were packets`);
});

test("any header is read back as it was written, and nothing beside it is touched", () => {
	const sixteen = fc.nat(0xffff);
	const thirtyTwo = fc.nat(0xffffffff);
	fc.assert(
		fc.property(
			fc.nat(9),
			fc.nat(127),
			fc.boolean(),
			sixteen,
			thirtyTwo,
			thirtyTwo,
			(at, type, marker, seq, time, ssrc) => {
				const buffer = new Uint8Array(24).fill(0xaa);
				writeRtpHeader(buffer, at, type, marker, seq, time, ssrc);
				assert.equal(rtpHeaderBytes(buffer, at, 12), 12);
				assert.deepEqual(
					[rtpPayloadType(buffer, at), rtpMarker(buffer, at), rtpSequence(buffer, at), rtpTimestamp(buffer, at)],
					[type, marker, seq, time],
				);
				assert.equal(rtpSsrc(buffer, at), ssrc);
				assert.ok(buffer.every((byte, i) => (i >= at && i < at + 12) || byte === 0xaa));
			},
		),
		{ seed: 3, numRuns: 10_000 },
	);
});

test("fields are read as they were written", () => {
	const buffer = new Uint8Array(16).fill(0xaa);
	writeRtpHeader(buffer, 2, 96, true, 65534, 0xfffffff0, 0xdeadbeef);
	assert.equal(rtpHeaderBytes(buffer, 2, 12), 12);
	assert.equal(rtpMarker(buffer, 2), true);
	assert.equal(rtpPayloadType(buffer, 2), 96);
	assert.equal(rtpSequence(buffer, 2), 65534);
	assert.equal(rtpTimestamp(buffer, 2), 0xfffffff0);
	assert.equal(rtpSsrc(buffer, 2), 0xdeadbeef);
	setRtpPayloadType(buffer, 2, 111);
	assert.equal(rtpMarker(buffer, 2), true);
	assert.equal(rtpPayloadType(buffer, 2), 111);
	assert.deepEqual([buffer[0], buffer[1], buffer[14], buffer[15]], [0xaa, 0xaa, 0xaa, 0xaa]);
});

test("sequence numbers and timestamps run on across their wraps, both ways", () => {
	const sequence = new SequenceUnwrapper();
	assert.deepEqual(
		[65534, 65535, 0, 65533, 2].map((value) => sequence.next(value)),
		[65534, 65535, 65536, 65533, 65538],
	);
	const timestamp = new TimestampUnwrapper();
	assert.deepEqual(
		[0xfffffff0, 16, 0xffffffff].map((value) => timestamp.next(value)),
		[0xfffffff0, 0x100000010, 0xffffffff],
	);
});
