import assert from "node:assert/strict";
import { test } from "node:test";
import { h264Track } from "../../test/support/tracks.ts";
import { pathSettings } from "../config/path-schema.ts";
import type { Frame } from "../media/frame.ts";
import { parsePathName } from "../media/path-name.ts";
import { Pool } from "../net/pool.ts";
import { FrameQueue } from "./frame-queue.ts";
import { Hub } from "./hub.ts";
import type { Reader } from "./reader.ts";

const limits = { behind: 1000, maxUnsent: 10_000 };

function picture(pts: number, key = false, bytes = 10): Frame {
	return { track: 0, pts, key, units: [new Uint8Array(bytes).fill(key ? 0x65 : 0x41)] };
}

const sound = (pts: number): Frame => ({ track: 1, pts, key: true, units: [new Uint8Array(4)] });

function taken(queue: FrameQueue): number[] {
	const all: number[] = [];
	for (let frame = queue.next(); frame; frame = queue.next()) all.push(frame.pts);
	return all;
}

test("nothing is handed on before a key frame, and what is left out never", () => {
	const queue = new FrameQueue(["picture", "other", "left out"], limits);
	queue.joined();
	queue.push(picture(1), 0);
	queue.push(sound(2), 0);
	queue.push(picture(3, true), 0);
	queue.push(sound(4), 0);
	queue.push({ ...sound(5), track: 2 }, 0);
	assert.deepEqual(taken(queue), [3, 4]);
	assert.equal(queue.dropped, 2);
});

test("a reader that is behind is cut to the next key frame", () => {
	const queue = new FrameQueue(["picture"], limits);
	queue.joined();
	queue.push(picture(0, true), 0);
	queue.push(picture(1), 900);
	queue.push(picture(2), 1100);
	queue.push(picture(3), 1200);
	assert.deepEqual(taken(queue), []);
	queue.push(picture(4, true), 1300);
	assert.deepEqual(taken(queue), [4]);
	assert.deepEqual([queue.cuts, queue.dropped], [1, 4]);
});

test("bytes are bounded, but for the burst", () => {
	const queue = new FrameQueue(["picture"], limits);
	queue.push(picture(0, true, 50_000), 0);
	queue.joined();
	queue.push(picture(1, false, 11_000), 1);
	queue.push(picture(2), 2);
	assert.equal(queue.cuts, 1);
	assert.equal(queue.length, 0);
});

test("without pictures sound passes at once", () => {
	const queue = new FrameQueue(["left out", "other"], limits);
	queue.joined();
	queue.push(sound(1), 0);
	assert.deepEqual(taken(queue), [1]);
});

const track = h264Track();

function world() {
	let time = 0;
	const settings = pathSettings.parse({});
	const clock = { now: () => time, unix: () => time, after: () => () => undefined };
	const hub = new Hub({
		pool: new Pool(16 * 1024 * 1024),
		clock,
		maxPaths: 2,
		settings: () => ({ key: "all_others", settings }),
	});
	const pass = (ms: number): void => {
		time += ms;
	};
	return { hub, pass };
}

const name = parsePathName("camera")!;
const publisher = { type: "rtmpConn", id: "p", remoteAddress: "", identity: "p" };

test("a reader of frames joins at the last key frame, is called with each one, and a slow one is cut", () => {
	const { hub, pass } = world();
	const publication = hub.publish(name, [track], publisher, { onEnd: () => undefined });
	for (const pts of [0, 1, 2]) publication.frame(picture(pts, pts === 0));
	const seen: number[] = [];
	const take = (reader: Reader): void => {
		for (let frame = reader.nextFrame(); frame; frame = reader.nextFrame()) {
			seen.push(frame.pts);
			reader.sentFrame(frame, 10, 0);
		}
	};
	const info = { type: "rtmpConn", id: "r", remoteAddress: "", user: "" };
	const reader = hub.read(name, [0], info, { onFrame: take, onEnd: () => undefined });
	const slow = hub.read(name, [0], info, { onFrame: () => undefined, onEnd: () => undefined });
	assert.deepEqual(seen, []);
	take(reader);
	publication.frame(picture(3));
	assert.deepEqual(seen, [0, 1, 2, 3]);
	assert.equal(reader.counters.packets, 4);
	pass(1500);
	publication.frame(picture(4));
	publication.frame(picture(5, true));
	assert.deepEqual([slow.counters.cuts, slow.frames?.length], [1, 1]);
	assert.equal(publication.stream.counters.cuts, 1);
	reader.leave();
	publication.frame(picture(6));
	assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
});

test("who reads packets of frames joins at the present key frame, not at one of earlier readers", () => {
	const { hub, pass } = world();
	const publication = hub.publish(name, [track], publisher, { onEnd: () => undefined });
	const info = { type: "rtspSession", id: "r", remoteAddress: "", user: "" };
	const read = () => hub.read(name, [0], info, { onPackets: () => undefined, onEnd: () => undefined });
	const first = read();
	publication.frame(picture(0, true));
	first.leave();
	pass(60_000);
	publication.frame(picture(5_400_000, true));
	const second = read();
	assert.ok(second.take(60_000));
	const ticks = publication.stream.ring;
	assert.ok(second.from >= ticks.tail);
	assert.equal(second.to - second.from, 1);
});

test("readers of frames go on when a publisher of packets follows one of frames", () => {
	const { hub } = world();
	const old = hub.publish(name, [track], publisher, { onEnd: () => undefined });
	old.frame(picture(0, true));
	const info = { type: "rtmpConn", id: "r", remoteAddress: "", user: "" };
	const reader = hub.read(name, [0], info, { onFrame: () => undefined, onEnd: () => undefined });
	const fresh = hub.publish(name, [track], publisher, { onEnd: () => undefined });
	const packet = Buffer.from("80e000010000000100000001" + "6588", "hex");
	fresh.packet(0, packet, 0, packet.length);
	assert.equal(reader.frames?.length, 2);
});
