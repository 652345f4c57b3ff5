import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Publication } from "../../hub/path.ts";
import { parseRtcp, type RtcpPacket } from "../../wire/rtcp.ts";
import { writeSenderReport } from "../../wire/rtcp-write.ts";
import { writeRtpHeader } from "../../wire/rtp.ts";
import type { SrtpSender } from "../../wire/srtp.ts";
import type { Route } from "./ice.ts";
import { Ingest } from "./ingest.ts";
import type { SecureMedia } from "./session.ts";

const hint = {
	kind: "video",
	trackIndex: 0,
	payloadType: 96,
	rtx: 97,
	clockRate: 90_000,
	transportSequence: 4,
	nack: true,
	ssrcs: [500, 600],
} as const;

/** An ingest whose hub and network are lists. */
function setUp() {
	const packets: Buffer[] = [];
	const reports: [number, number, number][] = [];
	const sent: RtcpPacket[] = [];
	const intake = { counters: { discarded: 0 } };
	const ring = { join: -1 };
	const publication = {
		path: { settings: { reorderTime: 200 } },
		stream: { intakes: [intake], ring },
		packet: (_: number, bytes: Buffer) => packets.push(bytes),
		report: (...values: [number, number, number]) => reports.push(values),
		close: () => {},
	} as unknown as Publication;
	const ingest = new Ingest(publication, [hint]);
	const sender = { rtcp: (packet: Uint8Array) => packet } as SrtpSender;
	const route: Route = {
		key: "",
		address: "",
		port: 0,
		local: { address: "", port: 0 },
		send: (datagram) => sent.push(...(parseRtcp(datagram) ?? [])),
	};
	ingest.start({ sender } as SecureMedia, route);
	return { ingest, packets, reports, sent, ring, intake };
}

function packet(sequence: number, { type = 96, ssrc = 500, transport = -1 } = {}): Buffer {
	const extension =
		transport < 0 ? Buffer.alloc(0) : Buffer.from([0xbe, 0xde, 0, 1, 0x41, transport >> 8, transport & 255, 0]);
	const header = Buffer.alloc(12);
	writeRtpHeader(header, 0, type, true, sequence, sequence * 3000, ssrc);
	if (transport >= 0) header[0]! |= 0x10;
	return Buffer.concat([header, extension, Buffer.from([0x65, sequence & 255])]);
}

const sequences = (packets: readonly Buffer[]) => packets.map((one) => one.readUInt16BE(2));

describe("what a publisher sends", () => {
	it("is put in order, and asked for again where it is missing", () => {
		const { ingest, packets, sent } = setUp();
		for (const sequence of [65_534, 65_535, 1, 2]) ingest.rtp(packet(sequence), 0);
		assert.deepEqual(
			sent.filter((one) => one.kind === "nack"),
			[{ kind: "nack", media: 500, lost: [0] }],
		);
		ingest.rtp(packet(0), 50);
		assert.deepEqual(sequences(packets), [65_534, 65_535, 0, 1, 2]);
		assert.deepEqual(ingest.statistics, { lost: 0, asked: 1, jitterMs: ingest.statistics.jitterMs });
	});

	it("is taken from a retransmission, too", () => {
		const { ingest, packets } = setUp();
		ingest.rtp(packet(1), 0);
		ingest.rtp(packet(3), 0);
		const again = packet(900, { type: 97, ssrc: 600 });
		ingest.rtp(Buffer.concat([again.subarray(0, 12), Buffer.from([0, 2]), again.subarray(12)]), 10);
		assert.deepEqual(sequences(packets), [1, 2, 3]);
		assert.equal(packets[1]!.readUInt8(1) & 0x7f, 96);
		assert.equal(packets[1]?.readUInt32BE(8), 500);
		assert.equal(packets[1]?.length, 14);
	});

	it("is lost at the deadline", () => {
		const { ingest, packets } = setUp();
		ingest.rtp(packet(1), 0);
		ingest.rtp(packet(3), 0);
		for (let now = 0; now <= 250; now += 50) ingest.tick(now);
		assert.deepEqual(sequences(packets), [1, 3]);
		assert.equal(ingest.statistics.lost, 1);
	});

	it("is reported: arrivals every 50 ms, reception every second", () => {
		const { ingest, sent } = setUp();
		for (let index = 0; index < 5; index++) ingest.rtp(packet(index, { transport: 100 + index }), index * 10);
		ingest.tick(1_000);
		assert.deepEqual(
			sent.map((one) => (one.kind === "other" ? `${one.type} ${one.format}` : one.kind)),
			["pictureLoss", "205 15", "receiverReport", "description"],
		);
	});

	it("has the publisher's clock", () => {
		const { ingest, reports } = setUp();
		ingest.rtp(packet(1), 0);
		const sender = {
			ssrc: 500,
			ntpSeconds: 2_208_988_801,
			ntpFraction: 0x80000000,
			rtpTime: 77,
			packets: 1,
			octets: 1,
		};
		ingest.rtcp(writeSenderReport(sender), 5);
		ingest.rtcp(writeSenderReport({ ...sender, ssrc: 9 }), 5);
		assert.deepEqual(reports, [[0, 77, 1_500]]);
	});
});

describe("a key frame", () => {
	it("is asked for until one is there, and again while packets are of no use", () => {
		const { ingest, sent, ring, intake } = setUp();
		const asked = () => sent.filter((one) => one.kind === "pictureLoss").length;
		ingest.rtp(packet(1), 0);
		for (let now = 500; now <= 1_500; now += 50) ingest.tick(now);
		assert.equal(asked(), 1);
		ring.join = 0;
		ingest.requestKeyFrame();
		assert.equal(asked(), 2);
		for (let now = 1_550; now <= 3_000; now += 50) {
			intake.counters.discarded++;
			ingest.tick(now);
		}
		assert.ok(asked() >= 4 && asked() <= 6, `${asked()}`);
	});
});

describe("any bytes", () => {
	it("do no harm", () => {
		const head = fc.constantFrom([0x80, 96], [0x90, 96], [0x9f, 97], [0xb0, 97], [0x80, 97]);
		fc.assert(
			fc.property(fc.array(fc.tuple(head, fc.uint8Array({ maxLength: 60 })), { maxLength: 20 }), (datagrams) => {
				const { ingest, packets } = setUp();
				ingest.rtp(packet(1), 0);
				for (const [[first, type], body] of datagrams) {
					ingest.rtp(Buffer.from([first!, type!, ...body]), 1);
					ingest.rtcp(Buffer.from(body), 1);
					ingest.tick(2);
				}
				for (const one of packets) assert.ok(one.length >= 12);
			}),
			{ seed: 8, numRuns: 1_000 },
		);
	});
});
