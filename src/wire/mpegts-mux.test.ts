import assert from "node:assert/strict";
import { test } from "node:test";
import { h264 } from "../../test/support/mpegts.ts";
import { h264Track } from "../../test/support/tracks.ts";
import type { Frame } from "../media/frame.ts";
import type { Track } from "../media/track.ts";
import { MpegTsReader, TS_PACKET_BYTES } from "./mpegts.ts";
import { canMux, MpegTsWriter } from "./mpegts-mux.ts";

const video = h264Track();
const aac: Track = {
	...{ kind: "audio", codec: "aac", encoding: "MPEG4-GENERIC", clockRate: 48_000, channels: 2, payloadType: 97 },
	fmtp: "mode=AAC-hbr;config=1190",
};
const opus: Track = {
	...{ kind: "audio", codec: "opus", encoding: "opus", clockRate: 48_000, channels: 2, payloadType: 98 },
	fmtp: "sprop-stereo=1",
};

/** What a reader makes of the packets. */
function read(bytes: Buffer): { tracks: readonly Track[]; frames: Frame[]; invalid: number; lost: number } {
	const frames: Frame[] = [];
	let tracks: readonly Track[] = [];
	const events = {
		onTracks: (found: readonly Track[]) => {
			tracks = found;
		},
		onFrame: (frame: Frame) => void frames.push(frame),
	};
	const reader = new MpegTsReader(events, 1_000_000);
	reader.push(bytes);
	return { tracks, frames, ...reader.counters };
}

test("what is written is read again: pictures of every length, AAC and Opus", () => {
	const writer = new MpegTsWriter([video, aac, opus], () => [h264.sps, h264.pps]);
	const parts: Buffer[] = [];
	const sizes = Array.from({ length: 400 }, (_, i) => 1 + i);
	for (const [i, size] of sizes.entries()) {
		const ms = i * 20;
		const key = i % 50 === 0;
		const picture = Buffer.concat([key ? h264.key : h264.other, Buffer.alloc(size, 0x55)]);
		parts.push(writer.frame({ track: 0, pts: 0, key, units: [picture] }, ms, ms));
		parts.push(writer.frame({ track: 1, pts: 0, key: true, units: [Buffer.alloc(size, 0x66)] }, ms, ms));
		parts.push(writer.frame({ track: 2, pts: 0, key: true, units: [Buffer.of(0xfc, ...Buffer.alloc(size))] }, ms, ms));
	}
	const bytes = Buffer.concat(parts);
	assert.equal(bytes.length % TS_PACKET_BYTES, 0);
	const { tracks, frames, invalid, lost } = read(bytes);
	assert.deepEqual([invalid, lost], [0, 0]);
	assert.deepEqual(
		tracks.map(({ encoding, clockRate }) => `${encoding}/${clockRate}`),
		["H264/90000", "MPEG4-GENERIC/48000", "opus/48000"],
	);
	assert.match(tracks[1]!.fmtp, /config=1190/);
	assert.match(tracks[2]!.fmtp, /sprop-stereo=1/);
	for (const [track, from] of [
		[1, 0],
		[2, 1],
	] as const) {
		const blocks = frames.filter((frame) => frame.track === track);
		assert.deepEqual(
			blocks.map(({ units }) => units[0]!.length),
			sizes.map((size) => size + from),
		);
	}
	const pictures = frames.filter(({ track }) => track === 0);
	assert.ok(pictures.length >= 399);
	assert.deepEqual(
		pictures.map(({ pts }) => pts - pictures[0]!.pts),
		pictures.map((_, i) => i * 1800),
	);
	assert.equal(pictures[0]!.units.length, 3);
	assert.equal(pictures[1]!.units[0]!.length, 2 + h264.other.length);
});

test("the clock reference does not go back where pictures are shown in another order", () => {
	const writer = new MpegTsWriter([video], () => []);
	const clocks: number[] = [];
	for (const ms of [0, 120, 40, 80, 240, 160, 200]) {
		const bytes = writer.frame({ track: 0, pts: 0, key: ms === 0, units: [h264.other] }, ms, ms);
		for (let at = 0; at < bytes.length; at += TS_PACKET_BYTES) {
			const hasClock = bytes[at + 3]! & 0x20 && bytes[at + 4]! > 0 && bytes[at + 5]! & 0x10;
			if (hasClock) clocks.push(bytes.readUInt32BE(at + 6) * 2 + (bytes[at + 10]! >> 7));
		}
	}
	assert.equal(clocks.length, 7);
	assert.deepEqual(
		clocks,
		clocks.toSorted((a, b) => a - b),
	);
});

test("what a transport stream does not carry here is told", () => {
	const table: [Track, boolean][] = [
		[video, true],
		[aac, true],
		[opus, true],
		[{ ...aac, fmtp: "" }, false],
		[{ ...aac, fmtp: "config=f8e8" }, false],
		[{ ...video, codec: "vp8" }, false],
	];
	for (const [track, expected] of table) assert.equal(canMux(track), expected, `${track.codec} ${track.fmtp}`);
});

test("what one writer has made leads into what another one makes: no counter tells of a loss", () => {
	const [live, own] = [new MpegTsWriter([video, aac], () => []), new MpegTsWriter([video, aac], () => [])];
	const picture = (writer: MpegTsWriter, ms: number, size: number): Buffer => {
		const units = [h264.sps, h264.pps, Buffer.concat([h264.key, Buffer.alloc(size, 0x55)])];
		const sound = { track: 1, pts: 0, key: true, units: [Buffer.alloc(size, 0x66)] };
		return Buffer.concat([writer.frame({ track: 0, pts: 0, key: true, units }, ms, ms), writer.frame(sound, ms, ms)]);
	};
	for (let i = 0; i < 7; i++) picture(live, 100 * i, 1000 + i);
	const before = [0, 1, 2].map((i) => picture(own, 600 + i, 300 * i));
	for (const packets of before) own.leadInto(live, packets);
	const bytes = Buffer.concat([...before, picture(live, 700, 500), picture(live, 800, 500)]);
	const { frames, invalid, lost } = read(bytes);
	assert.deepEqual([frames.length >= 8, invalid, lost], [true, 0, 0]);
	const counters = new Map<number, number>();
	for (let at = 0; at < bytes.length; at += TS_PACKET_BYTES) {
		const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
		const counter = bytes[at + 3]! & 0x0f;
		if (counters.has(pid)) assert.equal(counter, (counters.get(pid)! + 1) & 0x0f, `of ${pid} at ${at}`);
		counters.set(pid, counter);
	}
	assert.equal(counters.size, 4);
});
