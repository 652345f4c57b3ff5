import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { h264 } from "../../../test/support/mpegts.ts";
import { pathSettings } from "../../config/path-schema.ts";
import { Hub } from "../../hub/hub.ts";
import { parsePathName } from "../../media/path-name.ts";
import { Pool } from "../../net/pool.ts";
import { parseRtcp } from "../../wire/rtcp.ts";
import { compound, writeBye, writeReceiverReport, writeSenderReport } from "../../wire/rtcp-write.ts";
import { writeRtpHeader } from "../../wire/rtp.ts";
import { awaitedTracks } from "./description.ts";
import { RtpReceiver } from "./receiver.ts";

const camera = parsePathName("camera")!;
const FRIEND = "192.0.2.1";
const STRANGER = "198.51.100.9";
const PORT = 9000;

const sdp = `v=0
o=- 0 0 IN IP4 0.0.0.0
s=two tracks
c=IN IP4 0.0.0.0
t=0 0
m=video 9000 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1
m=audio 9002 RTP/AVP 97
a=rtpmap:97 opus/48000/2
`;

/** A source at work, without sockets, on a clock that goes on when it is told to. */
class Room {
	time = 1000;
	strays = 0;
	refusals: string[] = [];
	readonly sent: { packet: Uint8Array; to: string }[] = [];
	readonly log: string[] = [];
	readonly hub: Hub;
	readonly receiver: RtpReceiver;

	readonly #timers = new Set<() => void>();

	/** Missing packets are not waited for where nothing else is said. */
	constructor(text: string | undefined, reorderTime = "0 ms") {
		const parsed = pathSettings.parse({ reorderTime });
		const after = (_: number, call: () => void): (() => void) => {
			this.#timers.add(call);
			return () => this.#timers.delete(call);
		};
		const clock = { now: () => this.time, unix: () => this.time, after };
		const pool = new Pool(16 * 1024 * 1024);
		this.hub = new Hub({ pool, clock, maxPaths: 10, settings: () => ({ key: "camera", settings: parsed }) });
		this.hub.listen((event) => this.log.push(event.at));
		const awaited = text === undefined ? undefined : awaitedTracks(text, PORT);
		const allowed = (address: string): boolean => address === FRIEND || address === "192.0.2.2";
		this.receiver = new RtpReceiver(this.hub, camera, awaited, allowed, {
			onStray: () => this.strays++,
			onRefused: (reason) => this.refusals.push(reason),
		});
	}

	get packets(): readonly number[] {
		return this.hub.path(camera)?.stream?.intakes.map(({ counters }) => counters.packets) ?? [];
	}

	send(bytes: Uint8Array, { from = FRIEND, port = 5000, to = PORT } = {}): void {
		const exit = {
			send: (packet: Uint8Array, at: string, of: number) => this.sent.push({ packet, to: `${at}:${of}` }),
		};
		this.receiver.datagram(Buffer.from(bytes), from, port, to, exit);
	}

	/** All timers are over. */
	ring(): void {
		const timers = [...this.#timers];
		this.#timers.clear();
		for (const call of timers) call();
	}

	pass(ms: number): void {
		for (const end = this.time + ms; this.time < end; ) {
			this.time = Math.min(end, this.time + 1000);
			this.receiver.tick(this.time);
		}
	}
}

/** One RTP packet with a payload. */
function rtp(
	sequence: number,
	payload: Uint8Array,
	{ type = 96, ssrc = 7, marker = true, timestamp = 0 } = {},
): Buffer {
	const packet = Buffer.alloc(12 + payload.length);
	writeRtpHeader(packet, 0, type, marker, sequence, timestamp || sequence * 3000, ssrc);
	packet.set(payload, 12);
	return packet;
}

/** Parameter sets and a key picture in one packet (RFC 6184 section 5.7.1). */
const key = Buffer.concat([
	Buffer.of(0x78),
	...[h264.sps, h264.pps, h264.key].flatMap((unit) => [Buffer.of(0, unit.length), unit]),
]);

suite("RTP over UDP", () => {
	test("each track at its port; a payload type alone tells too", () => {
		const room = new Room(sdp);
		room.send(rtp(1, key));
		room.send(rtp(1, Buffer.of(1, 2), { type: 97, ssrc: 8 }), { port: 5002, to: 9002 });
		room.send(rtp(2, Buffer.of(1, 2), { type: 97, ssrc: 8 }), { port: 5002 });
		assert.deepEqual(room.packets, [1, 2]);
		room.send(rtp(3, Buffer.of(1), { type: 33 }));
		room.send(Buffer.from("no packet at all"));
		assert.equal(room.strays, 2);
		assert.equal(room.hub.path(camera)?.publication?.info.type, "rtpSource");
	});

	test("packets of an address that is not allowed change nothing", () => {
		const room = new Room(sdp);
		room.send(rtp(1, key), { from: STRANGER });
		assert.equal(room.hub.path(camera), undefined);
		room.send(rtp(1, key));
		const before = JSON.stringify(room.packets);
		for (let i = 2; i < 50; i++) room.send(rtp(i, key), { from: STRANGER });
		room.send(compound(writeReceiverReport(7, []), writeBye(7)), { from: STRANGER });
		assert.equal(JSON.stringify(room.packets), before);
		assert.equal(room.strays, 50);
		assert.deepEqual(room.log, ["published"]);
	});

	test("another allowed sender waits for 2 s of silence, and continues the stream", () => {
		const room = new Room(sdp);
		room.send(rtp(1, key));
		room.pass(1000);
		room.send(rtp(1000, key), { from: "192.0.2.2" });
		assert.deepEqual(room.packets, [1, 0]);
		room.pass(1000);
		const { stream } = room.hub.path(camera)!;
		const info = { type: "test", id: "reader", remoteAddress: "", user: "" };
		room.hub.read(camera, [0], info, { onEnd: (reason) => assert.fail(reason) });
		room.send(rtp(1000, key, { ssrc: 9 }), { from: "192.0.2.2" });
		assert.deepEqual(room.packets, [2, 0]);
		assert.equal(room.hub.path(camera)!.stream, stream);
		assert.equal(stream!.intakes[0]!.counters.lost, 0);
		assert.equal(room.hub.path(camera)!.publication?.info.remoteAddress, "192.0.2.2");
	});

	test("silence ends the publication, and the next packet begins it again", () => {
		const room = new Room(sdp);
		room.send(rtp(1, key));
		room.pass(4000);
		assert.ok(room.hub.path(camera)?.publication);
		room.pass(3000);
		assert.equal(room.hub.path(camera), undefined);
		room.send(rtp(1, key), { from: "192.0.2.2" });
		assert.ok(room.hub.path(camera)?.publication);
		assert.deepEqual(room.log, ["published", "unpublished", "published"]);
	});

	test("without a description H.264 is recognised with its first key picture", () => {
		const room = new Room(undefined);
		const after = { marker: false, timestamp: 9000 };
		room.send(rtp(1, h264.other));
		room.send(rtp(2, h264.sps, after));
		room.send(rtp(3, h264.pps, after));
		assert.equal(room.hub.path(camera), undefined);
		room.send(rtp(4, h264.key, { ...after, marker: true }));
		const { publication, stream } = room.hub.path(camera)!;
		assert.match(publication!.stream.tracks[0]!.fmtp, /profile-level-id=42c00d;sprop-parameter-sets=/);
		assert.deepEqual(room.packets, [3]);
		assert.equal(stream!.format(0)?.width, 320);
		assert.ok(stream!.ring.join >= 0, "a reader can join");
		room.send(rtp(5, h264.other, { type: 97 }));
		assert.equal(room.strays, 1);
	});

	test("packets that overtake each other are put in order, the first ones too", () => {
		const room = new Room(sdp, "40 ms");
		const order = [65_535, 2, 0, 1, 5, 4, 3, 8, 7, 6];
		for (const sequence of order.slice(0, 4).reverse()) room.send(rtp(sequence, key));
		assert.equal(room.packets[0], 0);
		room.ring();
		for (const sequence of order.slice(4)) room.send(rtp(sequence, h264.other));
		const { counters } = room.hub.path(camera)!.stream!.intakes[0]!;
		assert.deepEqual(counters, { ...counters, packets: 10, lost: 0, discarded: 0 });
	});

	test("lost packets are counted and told to the sender where its reports came from", () => {
		const room = new Room(sdp);
		room.send(rtp(1, key));
		const report = { ssrc: 7, ntpSeconds: 1, ntpFraction: 0, rtpTime: 0, packets: 1, octets: 1 };
		room.send(writeSenderReport(report), { port: 5001, to: 9001 });
		for (const sequence of [2, 4, 5, 70, 71]) room.send(rtp(sequence, h264.other));
		room.time += 1000;
		room.send(rtp(140, h264.other));
		assert.ok(room.hub.path(camera)!.stream!.intakes[0]!.counters.lost > 60);
		for (let i = 141; room.time < 7000; i++) {
			room.pass(1000);
			room.send(rtp(i, h264.other));
		}
		const [told] = room.sent.filter(({ packet }) =>
			parseRtcp(packet)?.some((one) => one.kind === "receiverReport" && one.reports.length > 0),
		);
		assert.equal(told?.to, `${FRIEND}:5001`);
		assert.match(JSON.stringify(parseRtcp(told.packet)), /"ssrc":7,"fractionLost":[1-9]/);
	});

	test("a goodbye ends the publication, and anybody who is allowed may be the next", () => {
		const room = new Room(sdp);
		room.send(rtp(1, key));
		room.send(compound(writeReceiverReport(7, []), writeBye(99)));
		assert.ok(room.hub.path(camera)?.publication);
		room.send(compound(writeReceiverReport(7, []), writeBye(7)));
		assert.equal(room.hub.path(camera), undefined);
		room.send(rtp(1, key), { from: "192.0.2.2" });
		assert.equal(room.hub.path(camera)?.publication?.info.remoteAddress, "192.0.2.2");
	});

	test("where somebody else publishes, the hub is asked once a second", () => {
		const room = new Room(sdp);
		const { track } = awaitedTracks(sdp, PORT)[0]!;
		const info = { type: "rtspSession", id: "other", remoteAddress: "", identity: "other" };
		const other = room.hub.publish(camera, [track], info, { onEnd: () => undefined });
		for (let i = 1; i < 100; i++) room.send(rtp(i, key));
		assert.equal(room.refusals.length, 1);
		assert.match(room.refusals[0]!, /somebody else publishes/);
		other.close("gone");
		room.time += 1000;
		room.send(rtp(100, key));
		assert.equal(room.hub.path(camera)?.publication?.info.type, "rtpSource");
	});

	test("descriptions: ports, RTCP, and what is none", () => {
		const ports = (text: string): number[][] => awaitedTracks(text, PORT).map((one) => [one.port, one.rtcpPort]);
		assert.deepEqual(ports(sdp), [
			[9000, 9001],
			[9002, 9003],
		]);
		assert.deepEqual(ports(sdp.replace("m=video 9000", "m=video 0")), [
			[9000, 9001],
			[9002, 9003],
		]);
		assert.deepEqual(ports(`${sdp}a=rtcp-mux\n`)[1], [9002, 9002]);
		assert.deepEqual(ports(`${sdp}a=rtcp:9100\n`)[1], [9002, 9100]);
		assert.throws(() => ports("v=0\nm=video 9000 UDP 33\n"), /no RTP stream/);
		assert.throws(() => ports("nothing"), /begins with "v=0"/);
	});

	for (const text of [sdp, undefined]) {
		test(`100,000 random datagrams do no harm ${text ? "by" : "without"} a description`, () => {
			const room = new Room(text);
			let state = 3550;
			const random = (below: number): number => {
				state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
				return (state >> 8) % below;
			};
			room.send(rtp(1, key));
			for (let i = 0; i < 100_000; i++) {
				const bytes = Buffer.alloc(random(40), random(256));
				for (let at = 0; at < bytes.length; at += 1 + random(3)) bytes[at] = random(256);
				if (bytes.length > 1) bytes[0] = 0x80 | random(64);
				if (bytes.length > 1 && i % 3 === 0) bytes[1] = [96, 97, 224, 200, 201, 203][random(6)]!;
				if (bytes.length > 12 && i % 5 === 0) bytes.writeUInt32BE(7, 8);
				room.send(bytes, { to: 9000 + random(4) });
			}
			room.pass(10_000);
			room.send(rtp(1, key));
			assert.ok(room.hub.path(camera)?.publication);
		});
	}
});
