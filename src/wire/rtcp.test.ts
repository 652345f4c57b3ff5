import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseRtcp, type RtcpPacket } from "./rtcp.ts";
import { TransportFeedback } from "./rtcp-twcc.ts";
import {
	compound,
	middle32,
	ntpOf,
	roundTripMs,
	unixOf,
	writeBye,
	writeDescription,
	writeFullIntra,
	writeNack,
	writePictureLoss,
	writeReceiverReport,
	writeSenderReport,
} from "./rtcp-write.ts";
import type { ReceptionReport } from "./rtp-statistics.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

const block: ReceptionReport = {
	ssrc: 0x01020304,
	fractionLost: 64,
	cumulativeLost: -2,
	highestSequence: 0x0001fffe,
	jitter: 90,
	lastSenderReport: 0x11223344,
	delaySinceLastSenderReport: 65_536,
};
const blockBytes = "01020304 40fffffe 0001fffe 0000005a 11223344 00010000";
const sender = {
	ssrc: 0xaabbccdd,
	ntpSeconds: 0xe0000001,
	ntpFraction: 0x80000000,
	rtpTime: 3000,
	packets: 5,
	octets: 600,
};
const senderBytes = "aabbccdd e0000001 80000000 00000bb8 00000005 00000258";

interface Row {
	name: string;
	bytes: string;
	value: RtcpPacket;
	written?: Uint8Array;
}

const table: Row[] = [
	{
		name: "a sender report with one block",
		bytes: `81c8000c ${senderBytes} ${blockBytes}`,
		value: { kind: "senderReport", ...sender, reports: [block] },
		written: writeSenderReport(sender, [block]),
	},
	{
		name: "a sender report alone",
		bytes: `80c80006 ${senderBytes}`,
		value: { kind: "senderReport", ...sender, reports: [] },
		written: writeSenderReport(sender),
	},
	{
		name: "a receiver report",
		bytes: `81c90007 00000001 ${blockBytes}`,
		value: { kind: "receiverReport", ssrc: 1, reports: [block] },
		written: writeReceiverReport(1, [block]),
	},
	{
		name: "a source description",
		bytes: "81ca0003 00000007 01046c69 76650000",
		value: { kind: "description", names: [{ ssrc: 7, cname: "live" }] },
		written: writeDescription(7, "live"),
	},
	{
		name: "a source description whose text fills its word",
		bytes: "81ca0003 00000007 01026869 00000000",
		value: { kind: "description", names: [{ ssrc: 7, cname: "hi" }] },
		written: writeDescription(7, "hi"),
	},
	{ name: "a goodbye", bytes: "81cb0001 00000009", value: { kind: "bye", ssrcs: [9] }, written: writeBye(9) },
	{ name: "a goodbye with a reason", bytes: "81cb0002 00000009 03627965", value: { kind: "bye", ssrcs: [9] } },
	{
		name: "a NACK over a wrap",
		bytes: "81cd0004 00000001 00000002 fffe0005 00200000",
		value: { kind: "nack", media: 2, lost: [0xfffe, 0xffff, 1, 0x20] },
		written: writeNack(1, 2, [0xfffe, 0xffff, 1, 0x20]),
	},
	{
		name: "a picture loss indication",
		bytes: "81ce0002 00000001 00000002",
		value: { kind: "pictureLoss", media: 2 },
		written: writePictureLoss(1, 2),
	},
	{
		name: "a full intra request",
		bytes: "84ce0004 00000001 00000000 00000002 07000000",
		value: { kind: "fullIntra", requests: [{ ssrc: 2, sequence: 7 }] },
		written: writeFullIntra(1, 2, 7),
	},
	{
		name: "an estimated bitrate",
		bytes: "8fce0005 00000001 00000000 52454d42 010bd090 00000002",
		value: { kind: "maximumBitrate", bitrate: 1_000_000, ssrcs: [2] },
	},
	{ name: "an unknown type", bytes: "82cc0001 00000001", value: { kind: "other", type: 204, format: 2 } },
	{ name: "padding", bytes: "a1cb0002 00000009 00000004", value: { kind: "bye", ssrcs: [9] } },
];

describe("RTCP", () => {
	for (const { name, bytes, value, written } of table) {
		it(`reads ${name}`, () => assert.deepEqual(parseRtcp(hex(bytes)), [value]));
		if (written) it(`writes ${name}`, () => assert.deepEqual(written, hex(bytes)));
		it(`refuses ${name} cut short`, () => {
			const whole = hex(bytes);
			for (let length = 0; length < whole.length; length++)
				assert.equal(parseRtcp(whole.subarray(0, length)), undefined);
		});
	}

	it("reads a compound", () => {
		const all = compound(...table.filter((row) => row.name !== "padding").map((row) => hex(row.bytes)));
		assert.deepEqual(
			parseRtcp(all),
			table.filter((row) => row.name !== "padding").map((row) => row.value),
		);
	});

	const bad: Record<string, string> = {
		"another version": "41cb0001 00000009",
		"more blocks than bytes": "82c90007 00000001 0102030440fffffe0001fffe0000005a1122334400010000",
		"more sources than bytes": "83cb0001 00000009",
		"a description item beyond its end": "81ca0002 00000007 01ff6c69",
		"more padding than packet": "a1cb0001 000000ff",
		"a NACK without a source": "81cd0001 00000001",
		"a bitrate for more sources than bytes": "8fce0004 00000001 00000000 52454d42 ff0bd090",
	};
	for (const [name, bytes] of Object.entries(bad)) {
		it(`refuses ${name}`, () => assert.equal(parseRtcp(hex(bytes)), undefined));
	}

	it("survives any bytes", () => {
		const header = fc.tuple(fc.integer({ min: 0x80, max: 0xbf }), fc.integer({ min: 199, max: 207 }));
		fc.assert(
			fc.property(header, fc.uint8Array({ maxLength: 200 }), ([first, type], body) => {
				const words = body.length >> 2;
				parseRtcp(Uint8Array.from([first, type, 0, words, ...body.subarray(0, words * 4)]));
				parseRtcp(body);
			}),
			{ seed: 2, numRuns: 2_000 },
		);
	});
});

describe("RTCP time", () => {
	it("goes to NTP and back", () => {
		const now = 1_763_633_387_250;
		assert.deepEqual(ntpOf(0), { seconds: 2_208_988_800, fraction: 0 });
		assert.ok(Math.abs(unixOf(ntpOf(now)) - now) < 0.001);
		assert.ok(Math.abs(unixOf(ntpOf(2_200_000_000_000)) - 2_200_000_000_000) < 0.001);
	});

	it("tells the round trip", () => {
		const sent = ntpOf(1_000_000);
		const report = { ...block, lastSenderReport: middle32(sent), delaySinceLastSenderReport: 32_768 };
		assert.equal(roundTripMs(report, ntpOf(1_000_750)), 250);
		assert.equal(roundTripMs({ ...report, lastSenderReport: 0 }, ntpOf(1_000_750)), undefined);
		assert.equal(roundTripMs({ ...report, delaySinceLastSenderReport: 0x7fffffff }, ntpOf(1_000_750)), undefined);
	});
});

/** An independent reader of the feedback: sequence number → arrival in ms (the reference wraps at 24 bits of 64 ms). */
function readFeedback(bytes: Uint8Array): Map<number, number> {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	assert.equal(view.getUint16(2), bytes.length / 4 - 1);
	const [base, count] = [view.getUint16(12), view.getUint16(14)];
	const symbols: number[] = [];
	let at = 20;
	for (; symbols.length < count; at += 2) {
		const chunk = view.getUint16(at);
		if (chunk >> 15 === 0) for (let run = 0; run < (chunk & 0x1fff); run++) symbols.push((chunk >> 13) & 3);
		else for (let slot = 0; slot < 7; slot++) symbols.push((chunk >> (12 - 2 * slot)) & 3);
	}
	const arrivals = new Map<number, number>();
	let time = (view.getUint32(16) >>> 8) * 64;
	for (let index = 0; index < count; index++) {
		if (symbols[index] === 0) continue;
		time += (symbols[index] === 1 ? view.getUint8(at) : view.getInt16(at)) / 4;
		at += symbols[index]!;
		arrivals.set((base + index) & 0xffff, time);
	}
	const padding = bytes[0]! & 0x20 ? bytes.at(-1)! : 0;
	assert.equal(at + padding, bytes.length);
	return arrivals;
}

describe("transport-wide feedback", () => {
	it("tells what arrived and when, across wraps, loss and reordering", () => {
		const feedback = new TransportFeedback();
		assert.equal(feedback.take(1, 2), undefined);
		const rows: [number, number][] = [
			[65_530, 1000],
			[65_531, 1000.25],
			[65_533, 1100],
			[65_532, 1101],
			[2, 1102],
		];
		for (const [sequence, now] of rows) feedback.packet(sequence, now);
		const told = feedback.take(1, 2);
		assert.ok(told);
		assert.deepEqual([...readFeedback(told)].sort(), rows.sort());
		assert.equal(feedback.take(1, 2), undefined);
		feedback.packet(3, 1200);
		assert.deepEqual([...readFeedback(feedback.take(1, 2) ?? new Uint8Array())], [[3, 1200]]);
	});

	it("tells any pattern truly", () => {
		const gap = fc.record({ skip: fc.integer({ min: 1, max: 40 }), wait: fc.integer({ min: 0, max: 200 }) });
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 65_535 }),
				fc.array(gap, { minLength: 1, maxLength: 25 }),
				(start, gaps) => {
					const feedback = new TransportFeedback();
					const sent = new Map<number, number>();
					let sequence = start;
					let now = 5000;
					for (const { skip, wait } of gaps) {
						sequence = (sequence + skip) & 0xffff;
						now += wait;
						feedback.packet(sequence, now);
						sent.set(sequence, now);
					}
					assert.deepEqual(readFeedback(feedback.take(1, 2) ?? new Uint8Array()), sent);
				},
			),
			{ seed: 3 },
		);
	});
});
