import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import type { PathSettings } from "../../config/path-schema.ts";
import { pathSettings } from "../../config/path-schema.ts";
import { Hub } from "../../hub/hub.ts";
import { parsePathName } from "../../media/path-name.ts";
import type { Track } from "../../media/track.ts";
import { Pool } from "../../net/pool.ts";
import { rtpPayloadType, rtpSequence, writeRtpHeader } from "../../wire/rtp.ts";
import type { SrtpSender } from "../../wire/srtp.ts";
import { AloneCarrier } from "./egress-alone.ts";
import { Deframer } from "./framing.ts";
import type { Route } from "./ice.ts";
import { TcpRoute } from "./tcp-route.ts";

const track: Track = {
	kind: "video",
	codec: "vp8",
	encoding: "VP8",
	clockRate: 90_000,
	channels: 0,
	payloadType: 96,
	fmtp: "",
};
const name = parsePathName("cam")!;

/** A connection that takes everything, or keeps it until it is let go. */
class FakeSocket {
	remoteAddress = "192.0.2.1";
	remotePort = 9;
	localAddress = "192.0.2.2";
	destroyed = false;
	writable = true;
	writableLength = 0;
	stalled = false;
	readonly packets: Buffer[] = [];
	readonly #deframer = new Deframer(2_000);
	#done: (() => void)[] = [];
	write(bytes: Buffer, done?: () => void): boolean {
		this.#deframer.push(bytes, (packet) => this.packets.push(Buffer.from(packet)));
		if (this.stalled) this.writableLength += bytes.length;
		if (done) this.#done.push(done);
		return true;
	}
	flow(): void {
		this.stalled = false;
		this.writableLength = 0;
		for (const done of this.#done.splice(0)) done();
	}
}

function setUp() {
	let now = 0;
	const clock = { now: () => now, unix: () => now, after: () => () => {} };
	const settings: PathSettings = pathSettings.parse({});
	const hub = new Hub({
		pool: new Pool(4_000_000),
		clock,
		maxPaths: 1,
		settings: () => ({ key: "all_others", settings }),
	});
	const info = { type: "x", id: "x", remoteAddress: "", identity: "" };
	const publication = hub.publish(name, [track], info, { onEnd: () => {} });
	let sequence = 65_000;
	const picture = (key: boolean) => {
		for (const last of [false, true]) {
			const packet = Buffer.alloc(20, 1);
			writeRtpHeader(packet, 0, 96, last, sequence & 0xffff, (now * 90) >>> 0, 7);
			// RFC 7741 section 4.2: the first packet starts the partition, and its frame header tells of a key frame.
			packet.set(last ? [0, 0] : [0x10, key ? 0 : 1], 12);
			publication.packet(0, packet, 0, packet.length);
			sequence++;
		}
		now += 33;
	};
	return { hub, picture, pass: (ms: number) => (now += ms), clock };
}

function join({ hub, clock }: ReturnType<typeof setUp>, other?: Route) {
	const socket = new FakeSocket();
	const rollOvers: number[] = [];
	const srtp = {
		rtp: (packet: Uint8Array, rollOver: number) => {
			rollOvers.push(rollOver);
			return packet;
		},
	} as unknown as SrtpSender;
	let carrier: AloneCarrier | undefined;
	const onPackets = () => carrier?.pump(clock.now());
	const reader = hub.read(
		name,
		[0],
		{ type: "x", id: "y", remoteAddress: "", user: "" },
		{ onPackets, onEnd: () => {} },
	);
	const viewer = { index: 0, track, payloadType: 120, ssrc: 5, rtx: undefined };
	const route = other ?? new TcpRoute(socket as unknown as Socket);
	carrier = new AloneCarrier(reader, route, [{ track: viewer, first: 65_530 }], srtp, clock.now);
	carrier.pump(clock.now());
	return { socket, rollOvers, carrier, viewer, reader };
}

describe("a viewer over TCP", () => {
	it("gets the burst and the live edge with numbers of its own, over a wrap", () => {
		const room = setUp();
		room.picture(true);
		room.picture(false);
		const { socket, rollOvers, carrier, viewer } = join(room);
		for (let i = 0; i < 3; i++) room.picture(false);
		assert.deepEqual(
			socket.packets.map((packet) => rtpSequence(packet, 0)),
			[65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 0, 1, 2, 3],
		);
		assert.deepEqual(rollOvers, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
		assert.ok(socket.packets.every((packet) => rtpPayloadType(packet, 0) === 120));
		assert.deepEqual({ ...carrier.sent(viewer) }.packets, 10);
		assert.equal(carrier.next(viewer), 65_540);
	});

	it("is cut to the next key frame when it falls behind, without a gap in its numbers", () => {
		const room = setUp();
		room.picture(true);
		const { socket, reader } = join(room);
		socket.stalled = true;
		for (let i = 0; i < 60; i++) room.picture(false);
		const before = socket.packets.length;
		assert.ok(before <= 4, `${before} packets were queued up`);
		socket.flow();
		assert.equal(reader.counters.cuts, 1);
		assert.equal(socket.packets.length, before);
		room.picture(true);
		room.picture(false);
		assert.deepEqual(
			socket.packets.map((packet) => rtpSequence(packet, 0)),
			socket.packets.map((_, index) => (65_530 + index) & 0xffff),
		);
		assert.equal(socket.packets.length, before + 4);
	});

	it("is left alone once it is closed", () => {
		const room = setUp();
		room.picture(true);
		const { socket, carrier } = join(room);
		carrier.close();
		room.picture(true);
		assert.equal(socket.packets.length, 2);
	});

	it("keeps its way: another kind of route is another carrier's", () => {
		const room = setUp();
		const { carrier } = join(room);
		assert.ok(carrier.moved(new TcpRoute(new FakeSocket() as unknown as Socket)));
		assert.ok(!carrier.moved({ key: "", address: "", port: 0, local: { address: "", port: 0 }, send: () => {} }));
	});
});

describe("a viewer over UDP where nobody can send to many at once", () => {
	it("gets its packets, and the very same bytes again", () => {
		const room = setUp();
		room.picture(true);
		const got: Buffer[] = [];
		const send = (packet: Uint8Array) => void got.push(Buffer.from(packet));
		const { carrier, viewer } = join(room, { key: "", address: "", port: 0, local: { address: "", port: 0 }, send });
		for (let i = 0; i < 4; i++) room.picture(false);
		const first = got.splice(0);
		assert.equal(first.length, 10);
		// The last three are over the wrap; 9 was never sent, 60000 is long gone.
		carrier.resend(viewer, [65_531, 1, 9, 60_000, 3]);
		assert.deepEqual(got, [first[1], first[7], first[9]]);
	});

	it("gets nothing again that the stream does not keep any more", () => {
		const room = setUp();
		room.picture(true);
		const got: number[] = [];
		const send = (packet: Uint8Array) => void got.push(rtpSequence(packet, 0));
		const { carrier, viewer } = join(room, { key: "", address: "", port: 0, local: { address: "", port: 0 }, send });
		// What was joined with is kept for repair for a while after the next key frame.
		for (let i = 0; i < 3; i++) {
			room.pass(20_000);
			room.picture(true);
		}
		got.length = 0;
		carrier.resend(viewer, [65_530]);
		assert.deepEqual(got, []);
	});
});
