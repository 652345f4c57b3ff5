import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { DecodeClock } from "../../wire/decode-clock.ts";
import { tagHead } from "../../wire/flv.ts";
import { writeAvcConfig, writeHevcConfig, writeOpusHead } from "../../wire/flv-configs.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { writeMessages } from "./chunk-writer.ts";
import { writeData } from "./command.ts";
import { MediaReader } from "./media-reader.ts";
import { CHUNK_BYTES, canCarry, MediaWriter } from "./media-writer.ts";
import { AUDIO, type Message, setChunkSize, VIDEO } from "./message.ts";
import { OutClock } from "./out-clock.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const sps = bytes("6742c01ed9005005bb");
const pps = bytes("68cb83cb20");
const hevcSets = ["40010c01ffff016000000300900000030000", "420101016000000300900000030000030078", "4401c172b46240"].map(
	bytes,
);
const asc = bytes("1210");

function media(type: number, timestamp: number, head: Buffer, data: Buffer): Message {
	return { type, stream: 1, timestamp: timestamp >>> 0, body: Buffer.concat([head, data]) };
}

const avcC = (at = 0, sets = [sps, pps]): Message =>
	media(VIDEO, at, tagHead("h264", "config", 0), writeAvcConfig(sets));
const aacConfig = (at = 0): Message => media(AUDIO, at, tagHead("aac", "config", 0), asc);
const picture = (at: number, key = false, composition = 0): Message =>
	media(VIDEO, at, tagHead("h264", key, composition), bytes(key ? "0000000365aabb" : "0000000341aabb"));
const sound = (at: number): Message => media(AUDIO, at, tagHead("aac", true, 0), bytes("aabbcc"));
const metadata = (properties: Record<string, number>): Message =>
	writeData(1, "@setDataFrame", "onMetaData", properties);

function receive(maxHeldBytes = 1_000_000) {
	const seen = { tracks: [] as (readonly Track[])[], frames: [] as Frame[] };
	const sink = {
		tracks: (all: readonly Track[]) => seen.tracks.push(all),
		frame: (one: Frame) => seen.frames.push(one),
	};
	const reader = new MediaReader(sink, maxHeldBytes);
	return {
		...seen,
		reader,
		take: (...messages: Message[]) => {
			for (const one of messages) reader.message(one);
		},
	};
}

test("tracks are told when all that the metadata announces has come, and nothing is lost until then", () => {
	const { take, tracks, frames } = receive();
	take(metadata({ videocodecid: 7, audiocodecid: 10 }), avcC(), picture(0, true));
	assert.equal(tracks.length, 0);
	take(aacConfig(), sound(10));
	assert.deepEqual(
		tracks[0]?.map(({ codec, payloadType }) => [codec, payloadType]),
		[
			["h264", 96],
			["aac", 97],
		],
	);
	assert.match(tracks[0]![0]!.fmtp, /profile-level-id=42c01e;sprop-parameter-sets=Z0LAHtkAUAW7,aMuDyyA=$/);
	assert.match(tracks[0]![1]!.fmtp, /mode=AAC-hbr;.*config=1210$/);
	assert.deepEqual(
		frames.map(({ track, pts, key }) => [track, pts, key]),
		[
			[0, 0, true],
			[1, 441, true],
		],
	);
	assert.deepEqual(
		frames[0]!.units.map((unit) => unit[0]),
		[0x67, 0x68, 0x65],
	);
});

test("without metadata a second of media is enough, and a lie is waited for no longer", () => {
	const plain = receive();
	plain.take(avcC(), picture(0, true), picture(999));
	assert.equal(plain.tracks.length, 0);
	plain.take(picture(1000));
	assert.deepEqual([plain.tracks.length, plain.frames.length], [1, 3]);
	const pictures = receive();
	pictures.take(metadata({ videocodecid: 7 }), avcC());
	assert.equal(pictures.tracks.length, 1);
	const silent = receive();
	silent.take(metadata({ videocodecid: 7, audiocodecid: 10 }), avcC(), picture(0, true));
	silent.reader.settle();
	assert.equal(silent.frames.length, 1);
	const large = receive(10);
	large.take(avcC(), picture(0, true), picture(1));
	assert.equal(large.frames.length, 2);
});

test("timestamps run on past 2^32, and composition times move only the showing", () => {
	const { take, frames } = receive();
	take(metadata({ videocodecid: 7 }), avcC(0xffff_fff0), picture(0xffff_fff0, true, 40), picture(0x10), picture(5));
	assert.deepEqual(
		frames.map(({ pts, dts }) => [pts, dts]),
		[
			[(2 ** 32 - 16 + 40) * 90, (2 ** 32 - 16) * 90],
			[(2 ** 32 + 16) * 90, undefined],
			[(2 ** 32 + 5) * 90, undefined],
		],
	);
});

test("sound is told to the sample, follows drift, and jumps where the publisher does", () => {
	const { take, frames } = receive();
	take(metadata({ audiocodecid: 10 }), aacConfig());
	for (let i = 0; i < 5; i++) take(sound(Math.round((i * 1024 * 1000) / 44_100)));
	take(sound(5000));
	assert.deepEqual(
		frames.map(({ pts }) => pts),
		[0, 1024, 2048, 3072, 4096, 220_500],
	);
});

test("other parameter sets go before the next key frame; other sound makes other tracks", () => {
	const { take, tracks, frames } = receive();
	take(metadata({ videocodecid: 7, audiocodecid: 10 }), avcC(), aacConfig(), picture(0, true));
	const large = bytes("6742c01fd9005005bb");
	take(avcC(1, [large, pps]), picture(1), picture(2, true));
	assert.equal(tracks.length, 1);
	assert.deepEqual(
		frames.map(({ units }) => units.length),
		[3, 1, 3],
	);
	assert.deepEqual(Buffer.from(frames[2]!.units[0]!), large);
	take(media(AUDIO, 3, tagHead("aac", "config", 0), bytes("1188")));
	assert.deepEqual(
		tracks[1]?.map(({ clockRate }) => clockRate),
		[90_000, 48_000],
	);
});

test("G.711 needs no configuration; what is not understood is remembered in words", () => {
	const { take, reader, tracks } = receive();
	take(media(AUDIO, 0, bytes("72"), bytes("d5d5")), media(AUDIO, 1000, bytes("72"), bytes("d5d5")));
	take(media(AUDIO, 0, bytes("b6"), bytes("00")));
	assert.deepEqual(
		tracks[0]?.map(({ codec, clockRate }) => [codec, clockRate]),
		[["pcma", 8000]],
	);
	assert.deepEqual([...reader.unknown], ["audio codec 11"]);
});

test("MP3 needs no configuration but its frames' heads", () => {
	const { take, tracks, frames } = receive();
	take(metadata({ audiocodecid: 2 }), media(AUDIO, 0, bytes("2f"), bytes("00")));
	assert.equal(tracks.length, 0);
	for (const ms of [0, 26, 52, 78]) take(media(AUDIO, ms, bytes("2f"), bytes("fffb9064aabb")));
	assert.deepEqual(
		tracks[0]?.map(({ codec, encoding, clockRate }) => [codec, encoding, clockRate]),
		[["mp3", "MPA", 90_000]],
	);
	// 1152 samples at 44.1 kHz, in ticks of 90 kHz.
	assert.deepEqual(
		frames.map(({ pts }) => pts),
		[0, 2351, 4702, 7053],
	);
});

test("a broken configuration ends the publisher; lengths that do not add up cost the picture", () => {
	const one = receive();
	assert.throws(
		() => one.take(media(VIDEO, 0, tagHead("h264", "config", 0), bytes("01"))),
		/h264 configuration is broken/,
	);
	const two = receive();
	two.take(metadata({ videocodecid: 7 }), avcC(), media(VIDEO, 0, tagHead("h264", true, 0), bytes("0000ffff65")));
	assert.equal(two.frames.length, 0);
});

/** What a writer sends, as a reader understands it. */
function across(tracks: readonly Track[], frames: readonly Frame[]) {
	const { reader, ...seen } = receive();
	const chunks = new ChunkReader(1_000_000, (message) => reader.message(message));
	chunks.push(writeMessages([setChunkSize(CHUNK_BYTES)], 128));
	const writer = new MediaWriter(1, tracks);
	const clock = new OutClock(tracks, ({ track, pts }) => (pts * 1000) / tracks[track]!.clockRate);
	chunks.push(writer.begin());
	for (const frame of frames) for (const part of writer.frame(frame, clock.at(frame, 0))) chunks.push(part);
	reader.settle();
	return seen;
}

const video = (codec: Track["codec"], encoding: string, fmtp = ""): Track => {
	return { kind: "video", codec, encoding, clockRate: 90_000, channels: 0, payloadType: 96, fmtp };
};
const opus: Track = {
	kind: "audio",
	codec: "opus",
	encoding: "opus",
	clockRate: 48_000,
	channels: 2,
	payloadType: 97,
	fmtp: "",
};

test("H.265 and Opus go out and come in by Enhanced RTMP; sets may come with the pictures only", () => {
	const sent: Frame[] = [
		{ track: 0, pts: 90_000, key: true, units: [...hevcSets, bytes("2601aabb")] },
		{ track: 1, pts: 48_000, key: true, units: [bytes("fc01")] },
		{ track: 0, pts: 93_600, key: false, units: [bytes("0201aabb")] },
	];
	const { tracks, frames } = across([video("h265", "H265"), opus], sent);
	assert.deepEqual(
		tracks.at(-1)?.map(({ codec }) => codec),
		["h265", "opus"],
	);
	assert.match(tracks[0]![0]!.fmtp, /^sprop-vps=.*;sprop-sps=.*;sprop-pps=/);
	assert.deepEqual(
		frames.map(({ track, pts }) => [track, pts]),
		[
			[0, 0],
			[1, 0],
			[0, 3600],
		],
	);
	assert.deepEqual(
		frames[0]!.units.map((unit) => Buffer.from(unit).toString("hex")),
		sent[0]!.units.map((unit) => Buffer.from(unit).toString("hex")),
	);
});

test("AV1 goes out with the configuration from its key frame, and comes in without delimiters", () => {
	const key = bytes("12000a0b000000043cffbc02f800403201ff");
	const { tracks, frames } = across([video("av1", "AV1")], [{ track: 0, pts: 0, key: true, units: [key] }]);
	assert.equal(tracks[0]?.[0]?.codec, "av1");
	assert.deepEqual(frames[0]?.units, [key.subarray(2)]);
});

test("AV1 whose sequence header is in the configuration alone has it before each key frame", () => {
	const header = "0a0b000000043cffbc02f80040";
	const { take, frames } = receive();
	take(
		media(VIDEO, 0, tagHead("av1", "config", 0), bytes(`81000c00${header}`)),
		...[true, false].map((key, i) => media(VIDEO, 2000 * i, tagHead("av1", key, 0), bytes("12003201ff"))),
	);
	assert.deepEqual(
		frames.map(({ units }) => units.map((unit) => Buffer.from(unit).toString("hex"))),
		[[`${header}3201ff`], ["3201ff"]],
	);
});

test("what a player can be sent depends on what it announced", () => {
	const none = new Set<string>();
	assert.ok(canCarry(video("h264", "H264"), none));
	assert.ok(!canCarry(video("h265", "H265"), none));
	assert.ok(canCarry(video("h265", "H265"), new Set(["hvc1"])));
	assert.ok(canCarry(opus, new Set(["*"])));
	assert.ok(!canCarry(video("vp8", "VP8"), new Set(["*"])));
});

test("OpusHead is read for its channels", () => {
	const { take, tracks } = receive();
	take(
		media(AUDIO, 0, tagHead("opus", "config", 0), writeOpusHead(1)),
		media(AUDIO, 1000, tagHead("opus", true, 0), bytes("fc")),
	);
	take(media(AUDIO, 2000, tagHead("opus", true, 0), bytes("fc")));
	assert.deepEqual(
		tracks[0]?.map(({ channels, fmtp }) => [channels, fmtp]),
		[[2, ""]],
	);
});

test("hvcC of a writer is one that a reader takes", () => {
	const { take, tracks } = receive();
	take(metadata({ videocodecid: 12 }), media(VIDEO, 0, tagHead("h265", "config", 0), writeHevcConfig(hevcSets)));
	assert.equal(tracks[0]?.[0]?.codec, "h265");
});

test("decoding times: as shown without B-frames, in order and never late with them", () => {
	const plain = new DecodeClock();
	assert.deepEqual(
		[0, 1, 2, 3].map((pts) => plain.next(pts)),
		[0, 1, 2, 3],
	);
	const pyramid = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11];
	const clock = new DecodeClock();
	for (const pts of pyramid) clock.learn(pts);
	clock.restart();
	const decoded = pyramid.map((pts) => clock.next(pts));
	for (const [i, dts] of decoded.entries()) {
		assert.ok(dts <= pyramid[i]!, `${dts} is after ${pyramid[i]}`);
		assert.ok(i === 0 || dts >= decoded[i - 1]!, `${decoded}`);
	}
});

test("a burst is pressed to a millisecond a picture, what is live keeps its distances", () => {
	const tracks = [video("h264", "H264"), { ...opus, clockRate: 48_000 }];
	const clock = new OutClock(tracks, ({ track, pts }) => (pts * 1000) / tracks[track]!.clockRate);
	const at = (pts: number): Frame => ({ track: 0, pts, key: false, units: [] });
	const burst = [0, 1, 2, 3, 4].map((i) => at(900_000 + i * 3600));
	clock.join(burst);
	assert.deepEqual(
		burst.map((frame) => clock.at(frame, 0).dts),
		[0, 1, 3, 4, 5],
	);
	assert.deepEqual(clock.at(at(900_000 + 5 * 3600), 40), { dts: 45, pts: 45 });
	assert.deepEqual(clock.at({ track: 1, pts: 480_000 + 9600, key: true, units: [] }, 40), { dts: 45, pts: 45 });
	// Another publisher begins anew a second later.
	assert.deepEqual(clock.at(at(0), 1040), { dts: 1045, pts: 1045 });
	assert.deepEqual(clock.at(at(3600), 1080), { dts: 1085, pts: 1085 });
});
