import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { h264Track } from "../../test/support/tracks.ts";
import type { Frame } from "../media/frame.ts";
import type { Track } from "../media/track.ts";
import { Fmp4Muxer } from "./fmp4-muxer.ts";
import { readFragments } from "./fmp4-reader.ts";
import { readInit } from "./fmp4-tracks.ts";
import { box, full, u32 } from "./mp4-boxes.ts";

const sps = Buffer.from("67640014acd941419f9f01100000030010000003032 0f1429960".replaceAll(" ", ""), "hex");
const pps = Buffer.from("68ebe3cb22c0", "hex");
const video = h264Track("packetization-mode=1");
const sound: Track = {
	kind: "audio",
	codec: "aac",
	encoding: "mpeg4-generic",
	clockRate: 48_000,
	channels: 2,
	payloadType: 97,
	fmtp: "mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190",
};
const tracks = [video, sound];

const picture = (n: number): Frame => {
	const key = n % 10 === 0;
	const slice = Buffer.from([key ? 0x65 : 0x41, n]);
	return { track: 0, pts: n * 3000, key, units: key ? [sps, pps, slice] : [slice] };
};
const block = (n: number): Frame => ({ track: 1, pts: n * 1024, key: true, units: [Buffer.of(n, 1, 2)] });

/** What our own muxer makes of some frames. */
function muxed(): { init: Buffer; bytes: Buffer } {
	const source = {
		tracks,
		offered: tracks,
		frameMs: ({ track, pts }: Frame) => (pts * 1000) / tracks[track]!.clockRate,
		intakes: [],
	};
	const muxer = new Fmp4Muxer(source, [0, 1], []);
	let init: Buffer | undefined;
	const parts: Buffer[] = [];
	for (let n = 0; n < 12; n++) {
		for (const frame of [picture(n), block(n)]) {
			init = muxer.beginning(frame)?.init ?? init;
			parts.push(muxer.fragment(frame, n * 33)!);
		}
	}
	return { init: init!, bytes: Buffer.concat(parts) };
}

const { init: initBytes, bytes: mediaBytes } = muxed();

test("what is muxed is read: tracks, times, keys and units", () => {
	const init = readInit(initBytes);
	assert.deepEqual(
		init.tracks.map(({ description: { track } }) => [track.codec, track.clockRate, track.channels]),
		[
			["h264", 90_000, 0],
			["aac", 48_000, 2],
		],
	);
	const frames = [...readFragments(init, mediaBytes)];
	const [pictures, blocks] = [0, 1].map((track) => frames.filter((frame) => frame.track === track));
	assert.equal(pictures!.length, 12);
	assert.equal(blocks!.length, 12);
	for (const [n, frame] of pictures!.entries()) {
		assert.equal(frame.pts - pictures![0]!.pts, n * 3000);
		assert.equal(frame.key, n % 10 === 0);
		assert.deepEqual(
			frame.units.map((unit) => Buffer.from(unit)),
			picture(n).units,
		);
	}
	for (const [n, frame] of blocks!.entries()) {
		assert.equal(frame.pts - blocks![0]!.pts, n * 1024);
		assert.deepEqual(
			frame.units.map((unit) => Buffer.from(unit)),
			block(n).units,
		);
	}
});

for (const [codec, key] of [
	["av1", "0a0b000000043d06d4daf900403203aabbcc"],
	["vp9", "824983420014100b5606aabb"],
] as const) {
	test(`${codec}: read as it was muxed, and described anew where the picture changes`, () => {
		const track: Track = { ...video, codec, encoding: codec.toUpperCase(), fmtp: "" };
		const source = { offered: [track], frameMs: ({ pts }: Frame) => pts / 90, intakes: [] };
		const muxer = new Fmp4Muxer(source, [0], []);
		const other = codec === "av1" ? "0a0b000000043d06d402f800403201ff" : "824983420014200b5606";
		const units = ["3201ff", key, "3201aa", key, "3201bb", other].map((hex) => Buffer.from(hex, "hex"));
		const inits: Buffer[] = [];
		const parts = units.map((unit, n) => {
			const frame = { track: 0, pts: n * 3000, key: unit.length > 3, units: [unit] };
			const init = muxer.beginning(frame)?.init;
			if (init) inits.push(init);
			return muxer.fragment(frame, n * 33);
		});
		assert.deepEqual(
			parts.map((part) => part !== undefined),
			[false, true, true, true, true, true],
		);
		assert.equal(inits.length, 2);
		const init = readInit(inits[0]!);
		assert.equal(init.tracks[0]?.description.track.codec, codec);
		const frames = [...readFragments(init, Buffer.concat(parts.slice(1).map((part) => part!)))];
		assert.deepEqual(
			frames.map((frame) => [frame.key, Buffer.concat(frame.units).toString("hex")]),
			units.slice(1).map((unit) => [unit.length > 3, unit.toString("hex")]),
		);
	});
}

test("what is not understood is named, and the rest is read", () => {
	const damaged = Buffer.from(initBytes);
	damaged.write("mp4x", damaged.indexOf("mp4a"), "latin1");
	const init = readInit(damaged);
	assert.deepEqual(init.leftOut, ["mp4x"]);
	assert.equal(
		[...readFragments(init, mediaBytes)].every(({ track }) => track === 0),
		true,
	);
});

test("a run with defaults and 64-bit data offset from the file's beginning", () => {
	const init = readInit(initBytes);
	const at = 200;
	const tfhd = full("tfhd", 0x39, u32(2, 0, at, 1024, 3, 0));
	const traf = box("traf", tfhd, full("tfdt", 0, u32(4096)), full("trun", 0, u32(2)));
	const head = box("moof", full("mfhd", 0, u32(1)), traf);
	const bytes = Buffer.concat([head, Buffer.alloc(at - head.length, 9), Buffer.of(1, 2, 3, 4, 5, 6)]);
	bytes.writeUInt32BE(bytes.length - head.length, head.length);
	const frames = [...readFragments(init, bytes)];
	assert.deepEqual(
		frames.map(({ pts, units }) => [pts, [...units[0]!]]),
		[
			[4096, [1, 2, 3]],
			[5120, [4, 5, 6]],
		],
	);
});

/** Reads all or throws an Error, never anything else. */
function survives(init: Buffer, bytes: Buffer): void {
	try {
		for (const _ of readFragments(readInit(init), bytes));
	} catch (error) {
		assert.ok(error instanceof Error, `${error}`);
		assert.ok(!(error instanceof TypeError), `${error}`);
	}
}

test("cut off anywhere, it is read as far as it goes or is an Error", () => {
	for (let end = 0; end < initBytes.length; end++) survives(initBytes.subarray(0, end), mediaBytes);
	for (let end = 0; end < 2000; end++) survives(initBytes, mediaBytes.subarray(0, end));
});

test("with any damage it is read or is an Error", () => {
	const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
	fc.assert(
		fc.property(damage, fc.boolean(), (changes, first) => {
			const [init, bytes] = [Buffer.from(initBytes), Buffer.from(mediaBytes)];
			const target = first ? init : bytes;
			for (const [at, value] of changes) target[at % target.length] = value;
			survives(init, bytes);
		}),
		{ numRuns: 3000, seed: 14496 },
	);
});
