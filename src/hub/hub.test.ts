import assert from "node:assert/strict";
import { test } from "node:test";
import { h264Track, PARAMETER_SETS } from "../../test/support/tracks.ts";
import { pathSettings } from "../config/path-schema.ts";
import type { Frame } from "../media/frame.ts";
import { parsePathName } from "../media/path-name.ts";
import { Pool } from "../net/pool.ts";
import { ENTRY_INFO, ENTRY_OFFSET } from "../net/ring.ts";
import { rtpSequence, rtpTimestamp, writeRtpHeader } from "../wire/rtp.ts";
import { Hub } from "./hub.ts";
import type { Publication, PublisherEvents } from "./path.ts";
import type { Reader } from "./reader.ts";
import { Refused } from "./refused.ts";

/** A clock that stands still until it is told to go on. */
class FakeClock {
	time = 1000;
	readonly timers: { at: number; call: () => void }[] = [];
	now = (): number => this.time;
	unix = (): number => 1_700_000_000_000 + this.time;
	after(ms: number, call: () => void): () => void {
		const timer = { at: this.time + ms, call };
		this.timers.push(timer);
		return () => {
			const index = this.timers.indexOf(timer);
			if (index >= 0) this.timers.splice(index, 1);
		};
	}
	pass(ms: number): void {
		this.time += ms;
		for (const timer of this.timers.filter((one) => one.at <= this.time)) {
			this.timers.splice(this.timers.indexOf(timer), 1);
			timer.call();
		}
	}
}

const camera = parsePathName("camera")!;
const video = h264Track(PARAMETER_SETS);

function setUp(settings: Record<string, unknown> = {}) {
	const clock = new FakeClock();
	const pool = new Pool(16 * 1024 * 1024);
	const parsed = pathSettings.parse(settings);
	const hub = new Hub({ pool, clock, maxPaths: 10, settings: () => ({ key: "all_others", settings: parsed }) });
	return { clock, pool, hub };
}

function publish(hub: Hub, identity = "robot", events: Partial<PublisherEvents> = {}): Publication {
	const info = { type: "rtspSession", id: identity, remoteAddress: "192.0.2.1:1", identity };
	return hub.publish(camera, [video], info, { onEnd: () => undefined, ...events });
}

/** Sends access units of a few packets with its own sequence numbers and timestamps. */
class Camera {
	readonly #publication: Publication;
	sequence: number;
	timestamp: number;
	constructor(publication: Publication, sequence = 65_530, timestamp = 4_294_960_000) {
		this.#publication = publication;
		this.sequence = sequence;
		this.timestamp = timestamp;
	}
	unit(key: boolean, packets = 3, lose = -1): void {
		for (let i = 0; i < packets; i++) {
			if (i !== lose) this.#packet(key, i === packets - 1);
			this.sequence = (this.sequence + 1) & 0xffff;
		}
		this.timestamp = (this.timestamp + 3000) >>> 0;
	}
	/** One packet of a unit that is not a key frame. */
	part(last: boolean): void {
		this.#packet(false, last);
		this.sequence = (this.sequence + 1) & 0xffff;
		if (last) this.timestamp = (this.timestamp + 3000) >>> 0;
	}
	#packet(key: boolean, last: boolean): void {
		const packet = Buffer.alloc(112, 0x55);
		writeRtpHeader(packet, 0, 96, last, this.sequence, this.timestamp, 7);
		packet[12] = key ? 0x65 : 0x41;
		this.#publication.packet(0, packet, 0, packet.length);
	}
}

interface Seen {
	sequence: number;
	timestamp: number;
	type: number;
}

/** A reader that takes all it is given at once. */
function collect(hub: Hub): { seen: Seen[]; reader: Reader; ends: string[] } {
	const seen: Seen[] = [];
	const ends: string[] = [];
	const onPackets = (reader: Reader, now: number): void => {
		while (reader.take(now)) {
			const { pool } = reader.stream.ring;
			for (let number = reader.from; number < reader.to; number++) {
				const at = pool.words[reader.stream.ring.entry(number) + ENTRY_OFFSET]!;
				seen.push({
					sequence: rtpSequence(pool.bytes, at),
					timestamp: rtpTimestamp(pool.bytes, at),
					type: pool.bytes[at + 12]! & 0x1f,
				});
			}
			reader.sent(reader.to, 0, now);
		}
	};
	const info = { type: "rtspSession", id: "reader", remoteAddress: "192.0.2.2:2", user: "" };
	const reader = hub.read(camera, [0], info, { onPackets, onEnd: (reason) => ends.push(reason) });
	reader.notify(hub.clock.now());
	return { seen, reader, ends };
}

function assertContiguous(seen: readonly Seen[]): void {
	for (let i = 1; i < seen.length; i++) {
		assert.equal(seen[i]!.sequence, (seen[i - 1]!.sequence + 1) & 0xffff, `sequence at ${i}`);
	}
}

test("a reader gets everything since the last key frame, then the live edge", () => {
	const { hub, clock } = setUp();
	const source = new Camera(publish(hub));
	source.unit(true);
	source.unit(false);
	source.unit(true);
	source.unit(false);
	const { seen } = collect(hub);
	const sets = 1;
	assert.equal(seen.length, sets + 6);
	assert.equal(seen[0]!.type, 24, "parameter sets that only the description has come before the key frame");
	clock.pass(33);
	source.unit(false);
	assert.equal(seen.length, sets + 9);
	assertContiguous(seen);
});

test("parameter sets between the slices of a key frame are left out", () => {
	const { hub } = setUp();
	const publication = publish(hub);
	const { seen } = collect(hub);
	for (const [i, type] of [0x67, 0x68, 0x65, 0x67, 0x68, 0x65].entries()) {
		const packet = Buffer.alloc(40, 0x55);
		writeRtpHeader(packet, 0, 96, i === 5, i, 3000, 7);
		packet[12] = type;
		publication.packet(0, packet, 0, packet.length);
	}
	assert.deepEqual(
		seen.map(({ type }) => type),
		[7, 8, 5, 5],
	);
	assertContiguous(seen);
});

test("nothing passes before the first key frame", () => {
	const { hub } = setUp();
	const source = new Camera(publish(hub));
	source.unit(false);
	source.unit(false);
	const { seen } = collect(hub);
	assert.equal(seen.length, 0);
	source.unit(true);
	assert.equal(seen.length, 4);
});

test("a batch closes with the access unit, or 4 ms after its first packet", () => {
	const { hub, clock } = setUp();
	const source = new Camera(publish(hub));
	source.unit(true);
	const { seen } = collect(hub);
	source.unit(false, 3, 2);
	assert.equal(seen.length, 4, "the unit has no last packet yet");
	clock.pass(4);
	assert.equal(seen.length, 6);
});

test("of a stream whose batches close by themselves, one that does not is handed on with its next packet", () => {
	const { hub, clock } = setUp();
	const source = new Camera(publish(hub));
	source.unit(true);
	const { seen } = collect(hub);
	for (let picture = 0; picture < 60; picture++) {
		source.unit(false, 3);
		clock.pass(30);
	}
	const before = seen.length;
	source.part(false);
	clock.pass(5);
	assert.equal(seen.length, before, "no timer is set for it");
	source.part(false);
	assert.equal(seen.length, before + 2);
	source.part(false);
	clock.pass(4);
	assert.equal(seen.length, before + 3, "it is watched closely from then on");
	source.part(true);
	assert.equal(seen.length, before + 4);
});

test("after a loss readers go on at the next key frame and see where packets miss", () => {
	let asked = 0;
	const { hub, clock } = setUp();
	const source = new Camera(publish(hub, "robot", { onKeyFrameRequest: () => asked++ }));
	source.unit(true);
	const { seen, reader } = collect(hub);
	clock.pass(1000);
	const before = asked;
	source.unit(false, 4, 2);
	source.unit(false);
	assert.equal(asked, before + 1);
	source.unit(true);
	const types = seen.map((one) => one.type);
	assert.deepEqual(types, [24, 5, 5, 5, 1, 1, 24, 5, 5, 5]);
	assert.equal((seen[6]!.sequence - seen[5]!.sequence) & 0xffff, 2, "one number is left out after half a unit");
	assert.equal(reader.stream.intakes[0]!.counters.lost, 1);
	assert.equal(reader.stream.intakes[0]!.counters.discarded, 4);
});

test("the same publisher replaces its old connection, and readers see only a gap of wall time", () => {
	const { hub, clock } = setUp();
	const ended: string[] = [];
	const first = new Camera(publish(hub, "robot", { onEnd: (reason) => ended.push(reason) }));
	first.unit(true);
	const { seen, ends } = collect(hub);
	clock.pass(500);
	const second = new Camera(publish(hub), 17, 12_345);
	assert.match(ended[0]!, /replaced/);
	second.unit(true);
	assertContiguous(seen);
	const step = (seen.at(-1)!.timestamp - seen[0]!.timestamp) | 0;
	assert.equal(step, 45_000);
	first.unit(true);
	assert.equal(seen.length, 8, "the old publisher is not heard any more");
	assert.deepEqual(ends, []);
});

test("B-frames of one publisher say nothing of the next", () => {
	const { hub } = setUp();
	const first = new Camera(publish(hub));
	const { stream } = hub.path(camera)!;
	first.unit(true);
	first.timestamp -= 4500;
	first.unit(false);
	assert.equal(stream?.intakes[0]?.reordered, true);
	const second = new Camera(publish(hub));
	assert.equal(hub.path(camera)?.stream, stream);
	assert.equal(stream?.intakes[0]?.reordered, false);
	second.unit(true);
	second.unit(false);
	assert.equal(stream?.intakes[0]?.reordered, false);
});

test("somebody else is let in only when the publisher has been silent for 2 s", () => {
	const { hub, clock } = setUp();
	new Camera(publish(hub)).unit(true);
	assert.throws(
		() => publish(hub, "other"),
		(error) => error instanceof Refused && error.kind === "in use",
	);
	assert.throws(() => publish(hub, ""), Refused);
	clock.pass(2000);
	publish(hub, "other");
	assert.equal(hub.path(camera)?.publication?.info.identity, "other");
});

test("readers wait for a publisher that is gone, and are ended after the time of grace", () => {
	const { hub, clock } = setUp({ graceTime: "3 s" });
	const publication = publish(hub);
	new Camera(publication).unit(true);
	const { seen, ends } = collect(hub);
	publication.close("teardown");
	clock.pass(2999);
	new Camera(publish(hub), 3).unit(true);
	assertContiguous(seen);
	hub.path(camera)?.publication?.close("teardown");
	clock.pass(3000);
	assert.match(ends[0]!, /teardown/);
	assert.deepEqual([...hub.paths], []);
});

test("tracks that do not fit end the readers with that reason", () => {
	const { hub, clock } = setUp();
	const publication = publish(hub);
	new Camera(publication).unit(true);
	const { ends } = collect(hub);
	publication.close("teardown");
	clock.pass(10);
	const info = { type: "rtspSession", id: "x", remoteAddress: "192.0.2.1:1", identity: "robot" };
	hub.publish(camera, [{ ...video, codec: "h265", encoding: "H265" }], info, { onEnd: () => undefined });
	assert.match(ends[0]!, /tracks differ/);
	assert.equal(hub.find(camera).tracks[0]?.codec, "h265", "the new stream is there for those who come back");
});

test("a reader that cannot keep up is cut to the next key frame", () => {
	const { hub, clock } = setUp();
	const source = new Camera(publish(hub));
	source.unit(true);
	const info = { type: "rtspSession", id: "slow", remoteAddress: "192.0.2.2:2", user: "" };
	const reader = hub.read(camera, [0], info, { onPackets: () => undefined, onEnd: () => undefined });
	assert.ok(reader.take(clock.now()));
	reader.sent(reader.to, 0, clock.now());
	for (let i = 0; i < 40; i++) {
		clock.pass(33);
		source.unit(false);
	}
	assert.equal(reader.take(clock.now()), false, "what waits is older than a second");
	assert.equal(reader.counters.cuts, 1);
	assert.equal(reader.counters.dropped, 120);
	source.unit(false);
	assert.equal(reader.take(clock.now()), false, "it waits for a key frame");
	source.unit(true);
	assert.ok(reader.take(clock.now()));
	const { pool } = reader.stream.ring;
	const info0 = pool.words[reader.stream.ring.entry(reader.from) + ENTRY_INFO]!;
	assert.equal((info0 >>> 24) & 2, 2, "it goes on at the first packet of the key frame");
});

test("large packets are cut once, into fragments of one size", () => {
	const { hub } = setUp();
	const publication = publish(hub);
	const packet = Buffer.alloc(12 + 5000, 0x11);
	writeRtpHeader(packet, 0, 96, true, 1, 0, 7);
	packet[12] = 0x65;
	publication.packet(0, packet, 0, packet.length);
	const { reader } = collect(hub);
	const { ring } = reader.stream;
	const lengths: number[] = [];
	const rebuilt: Buffer[] = [];
	for (let number = 1; number < ring.head; number++) {
		const length = ring.pool.words[ring.entry(number) + ENTRY_INFO]! & 0xffff;
		const at = ring.pool.words[ring.entry(number) + ENTRY_OFFSET]!;
		lengths.push(length);
		rebuilt.push(Buffer.from(ring.pool.bytes.subarray(at + 14, at + length)));
	}
	assert.deepEqual(lengths, [1212, 1212, 1212, 1212, 221]);
	assert.deepEqual(Buffer.concat(rebuilt), packet.subarray(13));
});

test("large packets of VP9 are cut, too: the first piece alone begins the frame", () => {
	const { hub } = setUp();
	const vp9 = { ...h264Track(), codec: "vp9", encoding: "VP9" } as const;
	const publisher = { type: "rtspSession", id: "p", remoteAddress: "192.0.2.1:1", identity: "p" };
	const publication = hub.publish(camera, [vp9], publisher, { onEnd: () => undefined });
	const packet = Buffer.alloc(12 + 3000, 0x11);
	writeRtpHeader(packet, 0, 96, true, 1, 0, 7);
	packet.set([0x8c, 5, 0x82, 0x49], 12);
	publication.packet(0, packet, 0, packet.length);
	const { ring } = publication.stream;
	const packets = Array.from({ length: ring.head }, (_, number) => {
		const at = ring.pool.words[ring.entry(number) + ENTRY_OFFSET]!;
		const length = ring.pool.words[ring.entry(number) + ENTRY_INFO]! & 0xffff;
		return Buffer.from(ring.pool.bytes.subarray(at, at + length));
	});
	const heads = packets.map((one) => [one.length, one[1]! >> 7, ...one.subarray(12, 14)]);
	assert.deepEqual(heads, [
		[1212, 0, 0x88, 5],
		[1212, 0, 0x80, 5],
		[616, 1, 0x84, 5],
	]);
	assert.deepEqual(Buffer.concat(packets.map((one) => one.subarray(14))), packet.subarray(14));
});

test("limits: readers of a path, tracks of a stream, paths of the hub", () => {
	const { hub } = setUp({ maxReaders: 1, maxTracks: 1 });
	new Camera(publish(hub)).unit(true);
	collect(hub);
	assert.throws(
		() => collect(hub),
		(error) => error instanceof Refused && error.kind === "full",
	);
	const info = { type: "rtspSession", id: "x", remoteAddress: "192.0.2.1:1", identity: "robot" };
	const events = { onEnd: () => undefined };
	assert.throws(() => hub.publish(parsePathName("b")!, [video, video], info, events), /at most 1/);
	for (let i = 0; i < 9; i++) hub.publish(parsePathName(`p${i}`)!, [video], info, events);
	assert.throws(() => hub.publish(parsePathName("p9")!, [video], info, events), /the most there may be/);
});

test("all memory comes back when everybody has gone", () => {
	const { hub, pool } = setUp();
	for (let round = 0; round < 20; round++) {
		const publication = publish(hub);
		const source = new Camera(publication);
		const { reader } = collect(hub);
		for (let i = 0; i < 2000; i++) source.unit(i % 100 === 0);
		reader.leave();
		publication.close("teardown");
	}
	assert.ok(pool.usedBytes < 4 * 1024 * 1024, `${pool.usedBytes} bytes are in use`);
	assert.deepEqual([...hub.paths], []);
});

test("frames are derived from packets while somebody reads frames", () => {
	const { hub } = setUp();
	const publication = publish(hub);
	const source = new Camera(publication);
	source.unit(true);
	source.unit(false);
	const frames: Frame[] = [];
	const stop = publication.stream.frames((frame) => frames.push(frame));
	source.unit(false);
	assert.deepEqual(
		frames.map((frame) => [frame.key, frame.units.length]),
		[
			[true, 5],
			[false, 3],
			[false, 3],
		],
	);
	assert.equal(frames[1]!.pts - frames[0]!.pts, 3000);
	stop();
	source.unit(false);
	assert.equal(frames.length, 3);
	const key = publication.stream.keyFrame(0)!;
	assert.deepEqual(
		key.units.map((unit) => unit[0]! & 0x1f),
		[7, 8, 5, 5, 5],
	);
});

test("frames become packets while somebody reads packets", () => {
	const { hub } = setUp();
	const publication = publish(hub);
	const unit = (first: number): Uint8Array => new Uint8Array(3000).fill(first, 0, 1);
	publication.frame({ track: 0, pts: 90_000, key: true, units: [unit(0x65)] });
	publication.frame({ track: 0, pts: 93_000, key: false, units: [unit(0x41)] });
	assert.equal(publication.stream.ring.head, 0, "nobody reads packets yet");
	const { seen } = collect(hub);
	publication.frame({ track: 0, pts: 96_000, key: false, units: [unit(0x41)] });
	assert.equal(seen.length, 1 + 3 * 3);
	assertContiguous(seen);
	assert.equal(seen.at(-1)!.timestamp - seen[0]!.timestamp, 6000);
});

test("closing a path leaves nothing to wait for, and says why to everybody", () => {
	const { hub, clock } = setUp();
	new Camera(publish(hub)).unit(true);
	const { ends, reader } = collect(hub);
	clock.pass(10);
	hub.close("the relay is going down");
	assert.deepEqual(ends, ["the relay is going down"]);
	assert.equal(reader.endReason, "the relay is going down");
	assert.deepEqual(clock.timers, []);
});

test("a reader that leaves says why", () => {
	const { hub } = setUp();
	new Camera(publish(hub)).unit(true);
	const { reader } = collect(hub);
	let seen = "";
	hub.listen((event) => {
		if (event.at === "left") seen = event.reader.endReason;
	});
	reader.leave("the client closed the connection");
	assert.equal(seen, "the client closed the connection");
});
