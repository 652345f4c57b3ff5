import assert from "node:assert/strict";
import { test } from "node:test";
import { pathSettings } from "../../src/config/path-schema.ts";
import { Hub } from "../../src/hub/hub.ts";
import { Refused } from "../../src/hub/refused.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { Pool } from "../../src/net/pool.ts";
import { AmfError, decodeAmf, encodeAmf } from "../../src/protocols/rtmp/amf0.ts";
import { ChunkReader } from "../../src/protocols/rtmp/chunk-reader.ts";
import { writeMessages } from "../../src/protocols/rtmp/chunk-writer.ts";
import { readCommand, writeCommand, writeData } from "../../src/protocols/rtmp/command.ts";
import { Ingest } from "../../src/protocols/rtmp/ingest.ts";
import { AUDIO, type Message, RtmpError, splitAggregate, VIDEO } from "../../src/protocols/rtmp/message.ts";
import { type SessionState, step } from "../../src/protocols/rtmp/session.ts";
import { readAudioTag, readVideoTag, tagHead } from "../../src/wire/flv.ts";
import { writeAvcConfig, writeHevcConfig } from "../../src/wire/flv-configs.ts";

/** Inputs of each kind; more by `FUZZ=20`. */
const SCALE = Number(process.env.FUZZ ?? 1);

/** Mulberry32. */
function randomOf(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
}

const random = randomOf(1935);

/** A copy with some bytes changed, cut off or put in. */
function mutate(bytes: Buffer): Buffer {
	const out = Buffer.from(bytes);
	for (let i = random(4); i >= 0 && out.length > 0; i--) {
		const at = random(out.length);
		out[at] = [0, 0xff, 0x80, random(256), out[at]! ^ (1 << random(8))][random(5)]!;
	}
	if (random(4) === 0) return out.subarray(0, random(out.length + 1));
	return random(8) === 0 ? Buffer.concat([out.subarray(0, random(out.length + 1)), out]) : out;
}

const isOurs = (error: unknown): boolean =>
	error instanceof RtmpError || error instanceof AmfError || error instanceof Refused;

function allowed(work: () => void): void {
	try {
		work();
	} catch (error) {
		if (!isOurs(error)) throw error;
	}
}

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const message = (type: number, head: Buffer, data: Buffer, timestamp = 0): Message => {
	return { type, stream: 1, timestamp, body: Buffer.concat([head, data]) };
};
const sets = ["40010c01ffff016000000300900000030000", "420101016000000300900000030000030078", "4401c172b46240"].map(
	hex,
);
const connect = { app: "live", tcUrl: "rtmp://h/live", fourCcList: ["hvc1", "*"] };
const seeds: readonly Message[] = [
	writeCommand({ name: "connect", transaction: 1, stream: 0, values: [connect] }),
	writeCommand({ name: "createStream", transaction: 2, stream: 0, values: [null] }),
	writeCommand({ name: "publish", transaction: 3, stream: 1, values: [null, "s?user=u", "live"] }),
	writeCommand({ name: "play", transaction: 3, stream: 1, values: [null, "s"] }),
	writeCommand({ name: "deleteStream", transaction: 0, stream: 0, values: [null, 1] }),
	writeData(1, "@setDataFrame", "onMetaData", new Map([["videocodecid", 7]])),
	message(VIDEO, tagHead("h264", "config", 0), writeAvcConfig([hex("6742c01ed9005005bb"), hex("68cb83cb20")])),
	message(VIDEO, tagHead("h264", true, 20), hex("0000000365aabb0000000241aa"), 40),
	message(VIDEO, tagHead("h264", false, -20), hex("0000000341aabb"), 0xffff_fff0),
	message(VIDEO, tagHead("h265", "config", 0), writeHevcConfig(sets)),
	message(VIDEO, tagHead("h265", true, 0), hex("000000042601aabb"), 80),
	message(VIDEO, tagHead("av1", true, 0), hex("12000a0b000000043cffbc02f800403201ff"), 90),
	message(VIDEO, hex("9702010203036176303100"), hex("aabb"), 95),
	message(AUDIO, tagHead("aac", "config", 0), hex("1210")),
	message(AUDIO, tagHead("aac", true, 0), hex("aabbcc"), 2000),
	message(AUDIO, tagHead("opus", true, 0), hex("fc01"), 3000),
	message(AUDIO, tagHead("pcma", true, 0), hex("d5d5"), 1),
	{ type: 22, stream: 1, timestamp: 9, body: hex("080000020000000000000072d50000000d") },
];

test("AMF0: nothing but AmfError, whatever comes", () => {
	const bodies = seeds.map(({ body }) => body);
	bodies.push(encodeAmf([1, { a: [null, undefined, "x".repeat(300)] }], new Map([["k", true]])));
	for (let i = 0; i < 50_000 * SCALE; i++) {
		allowed(() => void decodeAmf(mutate(bodies[random(bodies.length)]!)));
	}
});

test("commands and sessions: a state for everything that comes", () => {
	for (let i = 0; i < 20_000 * SCALE; i++) {
		let state: SessionState = { at: "new" };
		allowed(() => {
			for (let turn = random(5); turn >= 0; turn--) {
				const command = readCommand({ ...seeds[random(5)]!, body: mutate(seeds[random(5)]!.body) });
				if (command) ({ state } = step(state, command));
				assert.ok(state.at);
			}
		});
	}
});

test("chunks: messages or RtmpError, in pieces, and never more than the limit", () => {
	const stream = writeMessages(seeds, 128);
	for (let i = 0; i < 20_000 * SCALE; i++) {
		const bytes = mutate(stream.subarray(0, 100 + random(stream.length - 100)));
		const chunks = new ChunkReader(2000, ({ body }) => assert.ok(body.length <= 2000));
		allowed(() => {
			for (let at = 0; at < bytes.length; ) {
				const next = at + 1 + random(300);
				chunks.push(bytes.subarray(at, next));
				at = next;
			}
		});
	}
});

test("tags: every body has an answer", () => {
	for (let i = 0; i < 40_000 * SCALE; i++) {
		const body = mutate(seeds[5 + random(seeds.length - 5)]!.body);
		readVideoTag(body);
		readAudioTag(body);
		splitAggregate({ type: 22, stream: 1, timestamp: random(2 ** 32), body });
	}
});

test("publishers: whatever they send, the hub and readers of packets and of frames go on", () => {
	const name = parsePathName("fuzz")!;
	const settings = pathSettings.parse({ maxFrameSize: "4 KiB" });
	let now = 0;
	const clock = { now: () => now, unix: () => now, after: () => () => undefined };
	const pool = new Pool(32 * 1024 * 1024);
	const hub = new Hub({ pool, clock, maxPaths: 10, settings: () => ({ key: "all_others", settings }) });
	const who = { type: "rtmpConn", id: "p", remoteAddress: "", identity: "p" };
	const reader = { type: "test", id: "r", remoteAddress: "", user: "" };
	let frames = 0;
	for (let i = 0; i < 2000 * SCALE; i++) {
		const ingest = new Ingest(hub, name, who, 10_000, () => undefined);
		allowed(() => {
			const turns = 2 + random(20);
			for (let turn = 0; turn < turns; turn++) {
				now += random(200);
				// Most begin as publishers do, so that what is wrong comes into a stream that lives.
				const one = seeds[5 + (turn < 2 && i % 4 > 0 ? turn : random(seeds.length - 5))]!;
				const body = random(3) === 0 ? mutate(one.body) : one.body;
				ingest.message({ ...one, body, timestamp: random(3) === 0 ? random(2 ** 32) : one.timestamp }, now);
				ingest.tick(now);
				const stream = hub.path(name)?.stream;
				if (!stream || stream.readers.size > 1) continue;
				const all = [...stream.tracks.keys()];
				const onEnd = (): void => undefined;
				hub.read(name, all, reader, { onEnd, onPackets: (own, at) => own.take(at) && own.sent(own.to, 1, at) });
				hub.read(name, all, reader, { onEnd, onFrame: (own) => (frames += own.nextFrame() ? 1 : 0) });
			}
		});
		ingest.close("over");
		hub.close("over");
	}
	assert.ok(frames > 200 * SCALE, `${frames} frames`);
});
