import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AUDIO_PID, adts, annexB, h264, type TableEntry, TsWriter, VIDEO_PID } from "../../test/support/mpegts.ts";
import type { Frame } from "../media/frame.ts";
import { MpegTsReader, TS_PACKET_BYTES } from "./mpegts.ts";

const VIDEO: TableEntry = { type: 27, pid: VIDEO_PID };
const AAC: TableEntry = { type: 15, pid: AUDIO_PID };
const MAX_BYTES = 100_000;

/** What came out, as a person would write it down. */
interface Heard {
	readonly reader: MpegTsReader;
	readonly tracks: string[];
	readonly frames: Frame[];
	readonly lost: number[];
}

function listen(): Heard {
	const heard = { tracks: [] as string[], frames: [] as Frame[], lost: [] as number[] };
	const reader = new MpegTsReader(
		{
			onTracks: (tracks, left) => {
				const names = tracks.map((one) => `${one.encoding}/${one.clockRate}:${one.payloadType}`);
				heard.tracks.push([...names, ...left.map((name) => `-${name}`)].join(" "));
			},
			onFrame: (frame) => heard.frames.push(frame),
			onLoss: (track, packets) => heard.lost.push(track, packets),
		},
		MAX_BYTES,
	);
	return { ...heard, reader };
}

const summary = (frames: readonly Frame[]): string[] =>
	frames.map(
		({ track, pts, key, units }) => `${track} ${pts}${key ? " key" : ""} ${units.map((one) => one.length).join("+")}`,
	);

const keyUnit = annexB(h264.sps, h264.pps, h264.key);

/** Pictures at 30 a second, each of so many bytes, a key picture each ten. */
function pictures(writer: TsWriter, count: number, bytes = 400, from = 0, first?: number): Buffer[] {
	return Array.from({ length: count }, (_, i) => {
		const filler = Buffer.alloc(bytes, 0x55);
		const data = (from + i) % 10 === 0 ? Buffer.concat([keyUnit, filler]) : annexB(Buffer.concat([h264.other, filler]));
		return writer.pes(VIDEO_PID, 90_000 + (from + i) * 3000, data, false, first);
	});
}

suite("MPEG transport streams", () => {
	test("a picture and its parameter sets, without delimiter", () => {
		const { reader, tracks, frames } = listen();
		const writer = new TsWriter();
		reader.push(Buffer.concat([writer.tables([VIDEO]), ...pictures(writer, 3)]));
		assert.deepEqual(tracks, ["H264/90000:96"]);
		// The third one ends where a fourth would begin.
		assert.deepEqual(summary(frames), ["0 990000 key 22+4+404", "0 993000 404"]);
	});

	test("once a sender is known to stuff the last packet only, no picture waits for the next", () => {
		const { reader, frames } = listen();
		const writer = new TsWriter();
		reader.push(writer.tables([VIDEO]));
		const given = pictures(writer, 40).map((picture) => {
			reader.push(picture);
			return frames.length;
		});
		assert.deepEqual(given.slice(0, 3), [0, 1, 2]);
		assert.deepEqual(given.slice(-3), [38, 39, 40]);
	});

	test("a sender that takes to stuffing in the middle of pictures costs one of them", () => {
		const { reader, frames } = listen();
		const writer = new TsWriter();
		reader.push(writer.tables([VIDEO]));
		reader.push(Buffer.concat([...pictures(writer, 32, 800), ...pictures(writer, 20, 800, 32, 100)]));
		const shown = frames.map(({ pts }) => (pts - 990_000) / 3000);
		assert.deepEqual(shown, [...Array(33).keys(), ...Array.from({ length: 11 }, (_, i) => 40 + i)]);
		const parts = frames.filter(({ units }) => units.at(-1)!.length !== 804);
		assert.deepEqual(parts, [frames[32]]);
	});

	test("sound with the samples counted, and a block that begins in one unit and ends in the next", () => {
		const { reader, tracks, frames } = listen();
		const writer = new TsWriter();
		const blocks = Buffer.concat([1, 2, 3, 4].map((size) => adts(Buffer.alloc(size * 10, size))));
		reader.push(writer.tables([AAC]));
		reader.push(writer.pes(AUDIO_PID, 90_000, blocks.subarray(0, 30), true));
		reader.push(writer.pes(AUDIO_PID, 90_000 + Math.round((2 * 1024 * 90_000) / 44_100), blocks.subarray(30), true));
		assert.deepEqual(tracks, ["MPEG4-GENERIC/44100:96"]);
		const first = ((90_000 + 900_000) * 44_100) / 90_000;
		assert.deepEqual(
			frames.map(({ pts, units }) => [pts - first, units[0]!.length]),
			[10, 20, 30, 40].map((size, i) => [i * 1024, size]),
		);
	});

	test("Opus behind its control headers", () => {
		const { reader, tracks, frames } = listen();
		const writer = new TsWriter();
		reader.push(writer.tables([{ type: 6, pid: AUDIO_PID, descriptors: "05044f7075737f028002" }]));
		// Two packets of 20 ms; the second with trimming at its start, and 300 bytes long.
		const long = Buffer.alloc(300, 0xfc);
		const data = Buffer.concat([Buffer.from("7fe003fc0102" + "7ff0ff2d0038", "hex"), long]);
		reader.push(writer.pes(AUDIO_PID, 0, data, true));
		assert.deepEqual(tracks, ["opus/48000:96"]);
		assert.deepEqual(summary(frames), ["0 480000 key 3", "0 480960 key 300"]);
	});

	test("what cannot be carried is named and left out", () => {
		const { reader, tracks } = listen();
		const writer = new TsWriter();
		const others = [
			{ type: 3, pid: 0x102 },
			{ type: 0x99, pid: 0x103 },
			{ type: 6, pid: 0x104, descriptors: "05044b4c5641" },
		];
		reader.push(Buffer.concat([writer.tables([VIDEO, ...others]), ...pictures(writer, 2)]));
		assert.deepEqual(tracks, ["H264/90000:96 -MP3 -type 153 -KLV"]);
	});

	test("a table of several packets, with a part lost the first time", () => {
		const { reader, tracks } = listen();
		const writer = new TsWriter();
		const others = Array.from({ length: 28 }, (_, i) => ({ type: 6, pid: 0x200 + i, descriptors: "05044b4c5641" }));
		const entries = [...others, VIDEO];
		reader.push(writer.tables(entries).subarray(0, -TS_PACKET_BYTES));
		assert.equal(writer.tables(entries).length, 3 * TS_PACKET_BYTES);
		reader.push(Buffer.concat([writer.tables(entries), ...pictures(writer, 2)]));
		assert.deepEqual(tracks, [`H264/90000:96${" -KLV".repeat(28)}`]);
	});

	test("another program in the place of the first tells its tracks anew", () => {
		const { reader, tracks } = listen();
		const writer = new TsWriter();
		reader.push(Buffer.concat([writer.tables([VIDEO]), ...pictures(writer, 3)]));
		const sound = writer.pes(AUDIO_PID, 99_000, adts(Buffer.alloc(10, 1)), true);
		reader.push(Buffer.concat([writer.tables([VIDEO, AAC]), sound, ...pictures(writer, 12, 400, 3)]));
		assert.deepEqual(tracks, ["H264/90000:96", "H264/90000:96 MPEG4-GENERIC/44100:97"]);
	});

	test("a track that shows nothing is not waited for, and comes in later", () => {
		const { reader, tracks } = listen();
		const writer = new TsWriter();
		reader.push(Buffer.concat([writer.tables([VIDEO, AAC]), ...pictures(writer, 70)]));
		assert.deepEqual(tracks, ["H264/90000:96 -AAC"]);
		reader.push(writer.pes(AUDIO_PID, 90_000 + 70 * 3000, adts(Buffer.alloc(10, 1)), true));
		assert.deepEqual(tracks.slice(1), ["H264/90000:96 MPEG4-GENERIC/44100:97"]);
	});

	test("after a loss whole pictures only, from the next key picture on", () => {
		const { reader, frames, lost } = listen();
		const writer = new TsWriter();
		const all = pictures(writer, 25, 800);
		reader.push(writer.tables([VIDEO]));
		for (const [i, picture] of all.entries()) {
			reader.push(i === 3 ? picture.subarray(0, -2 * TS_PACKET_BYTES) : picture);
		}
		const shown = frames.map(({ pts }) => (pts - 990_000) / 3000);
		assert.deepEqual(shown.slice(0, 4), [0, 1, 2, 10]);
		assert.ok(frames.every(({ units }) => units.at(-1)!.length === 804));
		assert.deepEqual(lost, [0, 2]);
		assert.equal(reader.counters.lost, 2);
	});

	test("a packet that comes twice counts once", () => {
		const { reader, frames } = listen();
		const writer = new TsWriter();
		const all = Buffer.concat([writer.tables([VIDEO]), ...pictures(writer, 4)]);
		for (let at = 0; at < all.length; at += TS_PACKET_BYTES) {
			reader.push(all.subarray(at, at + TS_PACKET_BYTES));
			reader.push(all.subarray(at, at + TS_PACKET_BYTES));
		}
		assert.equal(frames.length, 3);
		assert.equal(reader.counters.lost, 0);
	});

	test("timestamps run on past 2^33, across a sender that begins anew, and in the order of decoding", () => {
		const { reader, frames } = listen();
		const writer = new TsWriter();
		reader.push(writer.tables([VIDEO]));
		const top = 2 ** 33;
		// I P B B, then the same after the wrap, then from 0 again as a looped file does.
		const times = [
			top - 9000,
			top - 3000,
			top - 7000,
			top - 5000,
			3000,
			9000,
			5000,
			7000,
			900_000 * 9,
			900_000 * 9 + 3000,
		];
		for (const [i, pts] of [...times, 0].entries()) {
			reader.push(writer.pes(VIDEO_PID, pts, i === 0 ? keyUnit : annexB(h264.other)));
		}
		const start = top - 9000 + 900_000;
		assert.deepEqual(
			frames.map(({ pts }) => pts - start),
			[0, 6000, 2000, 4000, 12_000, 18_000, 14_000, 16_000, 18_000 + 3600, 18_000 + 6600],
		);
	});

	test("every way to cut the bytes in two gives the same frames", () => {
		const writer = new TsWriter();
		const sound = writer.pes(AUDIO_PID, 90_000, adts(Buffer.alloc(30, 7)), true);
		const all = Buffer.concat([writer.tables([VIDEO, AAC]), sound, ...pictures(writer, 3, 100)]);
		const whole = listen();
		whole.reader.push(all);
		assert.equal(whole.frames.length, 3);
		for (let at = 1; at < all.length; at++) {
			const { reader, frames } = listen();
			reader.push(all.subarray(0, at));
			reader.push(all.subarray(at));
			assert.deepEqual(frames, whole.frames, `cut at ${at}`);
		}
	});

	test("bytes between packets are passed over", () => {
		const { reader, frames } = listen();
		const writer = new TsWriter();
		const parts = [writer.tables([VIDEO]), ...pictures(writer, 5)];
		reader.push(Buffer.concat(parts.flatMap((part) => [Buffer.from("0047ff4700", "hex"), part])));
		assert.equal(frames.length, 4);
		assert.ok(reader.counters.invalid > 0);
	});

	test("a picture above the limit is dropped, and the next key picture goes on", () => {
		const { reader, frames } = listen();
		const writer = new TsWriter();
		reader.push(Buffer.concat([writer.tables([VIDEO]), ...pictures(writer, 3)]));
		reader.push(writer.pes(VIDEO_PID, 99_000, annexB(Buffer.concat([h264.other, Buffer.alloc(MAX_BYTES, 5)]))));
		reader.push(Buffer.concat(pictures(writer, 22, 400, 4)));
		assert.deepEqual(
			frames.slice(0, 5).map(({ pts }) => (pts - 990_000) / 3000),
			[0, 1, 2, 10, 11],
		);
	});

	test("100,000 damaged streams do no harm", () => {
		const writer = new TsWriter();
		const sound = writer.pes(AUDIO_PID, 90_000, adts(Buffer.alloc(30, 7)), true);
		const clean = Buffer.concat([writer.tables([VIDEO, AAC]), sound, ...pictures(writer, 3, 60)]);
		const random = seeded(13_818);
		let reader = listen().reader;
		for (let i = 0; i < 100_000; i++) {
			if (i % 50 === 0) reader = listen().reader;
			const at = Math.floor(random() * (clean.length / TS_PACKET_BYTES)) * TS_PACKET_BYTES;
			const damaged = Buffer.from(clean.subarray(at, at + TS_PACKET_BYTES * (1 + Math.floor(random() * 3))));
			for (let hits = Math.floor(random() * 4); hits >= 0; hits--) {
				damaged[Math.floor(random() ** 2 * damaged.length)] = Math.floor(random() * 256);
			}
			reader.push(random() < 0.1 ? damaged.subarray(0, Math.floor(random() * damaged.length)) : damaged);
		}
		// What is damaged for good leaves the reader usable.
		const { reader: fresh, frames } = listen();
		fresh.push(clean);
		assert.equal(frames.length, 3);
	});
});

/** Numbers from 0 to 1, the same each time (mulberry32). */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
