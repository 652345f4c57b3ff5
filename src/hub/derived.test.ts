import assert from "node:assert/strict";
import { test } from "node:test";
import { h264Track } from "../../test/support/tracks.ts";
import { pathSettings } from "../config/path-schema.ts";
import type { Frame } from "../media/frame.ts";
import { parsePathName } from "../media/path-name.ts";
import type { Track } from "../media/track.ts";
import { Pool } from "../net/pool.ts";
import { writeRtpHeader } from "../wire/rtp.ts";
import type { Transcoder } from "./derived.ts";
import { Hub } from "./hub.ts";
import type { ReaderEvents } from "./reader.ts";

const name = parsePathName("cam")!;
const h264 = h264Track();
const opus: Track = { ...h264, kind: "audio", codec: "opus", encoding: "opus", clockRate: 48_000, payloadType: 97 };
const aac: Track = { ...opus, codec: "aac", encoding: "MPEG4-GENERIC", clockRate: 44_100, payloadType: 98 };
const publisher = { type: "test", id: "p", remoteAddress: "", identity: "p" };
const reader = { type: "test", id: "r", remoteAddress: "", user: "" };
const UNIX = 1_000_000;

/** A hub whose transcoder only takes note; `make` gives a block of what is being made. */
function setUp() {
	const jobs: { frames: Frame[]; running: boolean; onBlock: (block: Uint8Array, pts: number) => void }[] = [];
	const transcoder: Transcoder = {
		target: ({ codec }) => {
			if (codec === "aac") return { track: { ...opus, payloadType: 0 } };
			return codec === "pcmu" ? { reason: "nobody can" } : undefined;
		},
		start: (path, from, to, onBlock) => {
			assert.deepEqual([path, from.codec, to.codec], [name, "aac", "opus"]);
			const job = { frames: [] as Frame[], running: true, onBlock };
			jobs.push(job);
			const stop = (): void => {
				job.running = false;
			};
			return { push: (frame) => job.frames.push(frame), stop };
		},
	};
	const time = { now: 0 };
	/** What is to be done later. */
	const due = new Set<() => void>();
	const after = (_ms: number, call: () => void) => {
		due.add(call);
		return () => due.delete(call);
	};
	const clock = { now: () => time.now, unix: () => UNIX + time.now, after };
	const settings = pathSettings.parse({});
	const pool = new Pool(16 * 1024 * 1024);
	const hub = new Hub({ pool, clock, maxPaths: 10, transcoder, settings: () => ({ key: "all_others", settings }) });
	const publish = (tracks: readonly Track[]) => hub.publish(name, tracks, publisher, { onEnd: () => undefined });
	const read = (tracks: readonly number[], events: Partial<ReaderEvents>) =>
		hub.read(name, tracks, reader, { onEnd: () => undefined, ...events });
	const wait = () => {
		for (const call of due) call();
		due.clear();
	};
	return { hub, jobs, time, publish, read, wait };
}

/** A packet with one AAC block (RFC 3640). */
function aacPacket(sequence: number, timestamp: number): Uint8Array {
	const packet = Buffer.alloc(12 + 4 + 3, 7);
	writeRtpHeader(packet, 0, aac.payloadType, true, sequence, timestamp, 1);
	packet.writeUInt16BE(16, 12);
	packet.writeUInt16BE(3 << 3, 14);
	return packet;
}

test("a derived track is offered behind the published ones, with a payload type of its own, and none that is published", () => {
	const { hub, publish } = setUp();
	publish([h264, aac]);
	const stream = hub.find(name);
	assert.deepEqual(
		stream.offered.map(({ codec, payloadType }) => [codec, payloadType]),
		[
			["h264", 96],
			["aac", 98],
			["opus", 97],
		],
	);
	assert.equal(stream.tracks.length, 2);
	assert.deepEqual([stream.madeOf(1), stream.madeOf(2)], [undefined, 1]);
	hub.close("next");
	publish([aac, opus]);
	assert.equal(hub.find(name).offered.length, 2);
	hub.close("next");
	publish([{ ...opus, codec: "pcmu" }]);
	assert.equal(hub.find(name).notMade(0), "nobody can");
});

test("it is made once for all who take it, and only while somebody does and somebody publishes", () => {
	const { hub, jobs, publish, read, wait } = setUp();
	const publication = publish([h264, aac]);
	read([0, 1], { onFrame: () => undefined });
	assert.equal(jobs.length, 0);
	const readers = [read([0, 2], { onFrame: () => undefined }), read([2], { onPackets: () => undefined })];
	assert.deepEqual(
		jobs.map(({ running }) => running),
		[true],
	);
	publication.frame({ track: 1, pts: 0, key: true, units: [Buffer.of(1)] });
	publication.frame({ track: 0, pts: 0, key: true, units: [Buffer.of(0x65, 1)] });
	assert.deepEqual(
		jobs[0]!.frames.map(({ track }) => track),
		[1],
	);
	publication.close("away");
	assert.equal(jobs[0]!.running, false);
	publish([h264, aac]);
	assert.deepEqual(
		jobs.map(({ running }) => running),
		[false, true],
	);
	readers[0]!.leave();
	assert.equal(jobs[1]!.running, true);
	readers[1]!.leave();
	assert.equal(jobs[1]!.running, true, "for a while");
	const again = read([2], { onFrame: () => undefined });
	wait();
	assert.deepEqual([jobs.length, jobs[1]!.running], [2, true]);
	again.leave();
	wait();
	assert.equal(jobs[1]!.running, false);
	hub.close("over");
});

test("frames go to readers of frames and of packets who take it, and to nobody else", () => {
	const { hub, jobs, time, publish, read } = setUp();
	const publication = publish([aac]);
	const seen: Record<string, number[]> = { one: [], other: [] };
	read([1], { onFrame: (own) => seen.one!.push(own.nextFrame()?.pts ?? -1) });
	read([0], { onFrame: (own) => seen.other!.push(own.nextFrame()?.track ?? -1) });
	let packets = 0;
	read([1], {
		onPackets: (own, now) => {
			if (!own.take(now)) return;
			packets += own.to - own.from;
			own.sent(own.to, 1, now);
		},
	});
	const plain: number[] = [];
	hub.find(name).frames(({ track }) => plain.push(track));
	publication.frame({ track: 0, pts: 44_100, key: true, units: [Buffer.of(1)] });
	time.now = 80;
	jobs[0]!.onBlock(Buffer.of(9), 48_000);
	// Both are called for each frame; −1 where it was not for them.
	assert.deepEqual(seen, { one: [-1, 48_000], other: [0, -1] });
	assert.deepEqual(plain, [0]);
	assert.equal(packets, 2);
	// What the making took does not make it later.
	const stream = hub.find(name);
	assert.equal(stream.frameMs({ track: 1, pts: 48_000, key: true, units: [] }), 1000);
	const [source, made] = [stream.clock(0, 80)!, stream.clock(1, 80)!];
	assert.ok(Math.abs(source.timestamp / 44.1 - made.timestamp / 48 - (source.unixMs - made.unixMs)) < 0.1);
});

test("of a publisher of packets only the source's frames are taken; the times stay the source's", () => {
	const { hub, jobs, time, publish, read } = setUp();
	const publication = publish([h264, aac]);
	const times: number[] = [];
	const stream = hub.find(name);
	read([0, 2], {
		onFrame: (own) => {
			for (let frame = own.nextFrame(); frame; frame = own.nextFrame()) times.push(stream.frameMs(frame));
		},
	});
	const feed = (sequence: number, at: number): void => {
		time.now = at;
		const packet = aacPacket(sequence, 1000 + Math.round(at * 44.1));
		publication.packet(1, packet, 0, packet.length);
	};
	feed(1, 0);
	feed(2, 100);
	feed(3, 200);
	// The first packet shows from where on it is read.
	assert.deepEqual(
		jobs[0]!.frames.map(({ pts }) => pts),
		[5410, 9820],
	);
	time.now = 300;
	jobs[0]!.onBlock(Buffer.of(9), Math.round((9820 * 48) / 44.1));
	const picture = Buffer.from([0x80, 0xe0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x65, 0x88]);
	publication.packet(0, picture, 0, picture.length);
	assert.equal(jobs[0]!.frames.length, 2);
	// Without a picture sound waits: it is offered from the next block on.
	jobs[0]!.onBlock(Buffer.of(9), Math.round((9820 * 48) / 44.1) + 960);
	assert.ok(Math.abs(times.at(-1)! - (UNIX + 220)) < 1, `${times}`);
	hub.close("over");
});
