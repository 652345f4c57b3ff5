import assert from "node:assert/strict";
import { test } from "node:test";
import { av1SequenceHeader, parseAv1Sequence } from "../media/av1.ts";
import type { Codec } from "../media/track.ts";
import { type FlvTag, readAudioTag, readVideoTag, tagHead } from "./flv.ts";
import {
	readAacConfig,
	readAv1Config,
	readAvcConfig,
	readHevcConfig,
	readOpusHead,
	writeAv1Config,
	writeAvcConfig,
	writeHevcConfig,
	writeOpusHead,
} from "./flv-configs.ts";

interface Row {
	readonly name: string;
	readonly of: "video" | "audio";
	readonly hex: string;
	readonly tag: Record<string, unknown>;
	/** Whether it is written like that, too. */
	readonly written?: boolean;
}

const frame = (codec: Codec, key: boolean, composition = 0) => ({
	kind: "frame",
	codec,
	key,
	composition,
	data: "aabb",
});
const config = (codec: Codec) => ({ kind: "config", codec, data: "aabb" });
const other = (what: string) => ({ kind: "other", what });

/** Adobe FLV 10.1 annex E.4, and enhanced-rtmp-v2. */
const table: readonly Row[] = [
	{ name: "avcC", of: "video", hex: "1700000000aabb", tag: config("h264"), written: true },
	{ name: "an H.264 key frame", of: "video", hex: "1701000000aabb", tag: frame("h264", true), written: true },
	{ name: "composition time", of: "video", hex: "2701000042aabb", tag: frame("h264", false, 66), written: true },
	{ name: "negative composition", of: "video", hex: "2701fffffeaabb", tag: frame("h264", false, -2), written: true },
	{ name: "end of sequence", of: "video", hex: "1702000000", tag: { kind: "end" } },
	{ name: "enhanced end of sequence", of: "video", hex: "9268766331", tag: { kind: "end" } },
	{ name: "enhanced end of sound", of: "audio", hex: "924f707573", tag: { kind: "end" } },
	{ name: "an unknown packet", of: "video", hex: "1703000000", tag: other("video packet of type 3") },
	{ name: "H.265 as number 12", of: "video", hex: "1c01000000aabb", tag: frame("h265", true) },
	{ name: "hvcC", of: "video", hex: "9068766331aabb", tag: config("h265"), written: true },
	{ name: "an H.265 key frame", of: "video", hex: "9168766331000021aabb", tag: frame("h265", true, 33), written: true },
	{ name: "H.265 without composition", of: "video", hex: "a368766331aabb", tag: frame("h265", false) },
	{ name: "av1C", of: "video", hex: "9061763031aabb", tag: config("av1"), written: true },
	{ name: "an AV1 key frame", of: "video", hex: "9161763031aabb", tag: frame("av1", true), written: true },
	{ name: "enhanced H.264", of: "video", hex: "a161766331000010aabb", tag: frame("h264", false, 16) },
	{ name: "modifiers before it", of: "video", hex: `97${"020102030"}3${"61763031"}aabb`, tag: frame("av1", true) },
	{ name: "several tracks", of: "video", hex: "961168766331000000", tag: other("several video tracks") },
	{ name: "an unknown FourCC", of: "video", hex: "9176703039aabb", tag: other('video codec "vp09"') },
	{ name: "a cut FourCC", of: "video", hex: "916876", tag: other("nothing") },
	{ name: "a modifier without end", of: "video", hex: "97ff", tag: other("nothing") },
	{ name: "Sorenson", of: "video", hex: "12aabb", tag: other("video codec 2") },
	{ name: "no video", of: "video", hex: "", tag: other("nothing") },
	{ name: "AudioSpecificConfig", of: "audio", hex: "af00aabb", tag: config("aac"), written: true },
	{ name: "AAC", of: "audio", hex: "af01aabb", tag: frame("aac", true), written: true },
	{ name: "OpusHead", of: "audio", hex: "904f707573aabb", tag: config("opus"), written: true },
	{ name: "Opus", of: "audio", hex: "914f707573aabb", tag: frame("opus", true), written: true },
	{ name: "enhanced AAC", of: "audio", hex: "916d703461aabb", tag: frame("aac", true) },
	{ name: "G.711 A-law", of: "audio", hex: "72aabb", tag: frame("pcma", true), written: true },
	{ name: "MP3", of: "audio", hex: "2faabb", tag: frame("mp3", true), written: true },
	{ name: "MP3 at 8 kHz", of: "audio", hex: "eeaabb", tag: frame("mp3", true) },
	{ name: "enhanced MP3", of: "audio", hex: "912e6d7033aabb", tag: frame("mp3", true) },
	{ name: "Speex", of: "audio", hex: "b6aabb", tag: other("audio codec 11") },
	{ name: "no sound", of: "audio", hex: "", tag: other("nothing") },
];

function plain(tag: FlvTag): Record<string, unknown> {
	return "data" in tag ? { ...tag, data: tag.data.toString("hex") } : { ...tag };
}

for (const { name, of, hex, tag, written } of table) {
	test(`FLV: ${name}`, () => {
		const read = of === "video" ? readVideoTag : readAudioTag;
		assert.deepEqual(plain(read(Buffer.from(hex, "hex"))), tag);
		for (let cut = 0; cut < hex.length / 2; cut++) read(Buffer.from(hex.slice(0, cut * 2), "hex"));
		if (!written) return;
		const key = tag.kind === "config" ? "config" : (tag.key as boolean);
		const head = tagHead(tag.codec as Codec, key, (tag.composition as number | undefined) ?? 0);
		assert.equal(`${head.toString("hex")}aabb`, hex);
	});
}

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const sps = bytes("6742c01ed9005005bb");
const pps = bytes("68cb83cb20");

test("avcC: written and read again; what is cut is refused", () => {
	const written = writeAvcConfig([sps, pps]);
	assert.equal(written.toString("hex"), `0142c01effe10009${sps.toString("hex")}010005${pps.toString("hex")}`);
	const read = readAvcConfig(written);
	assert.equal(read?.lengthBytes, 4);
	assert.deepEqual(
		read?.sets.map((set) => Buffer.from(set)),
		[sps, pps],
	);
	for (let cut = 7; cut < written.length - 1; cut++) {
		const short = readAvcConfig(written.subarray(0, cut));
		assert.ok(short === undefined || short.sets.length < 2, `cut at ${cut}`);
	}
});

test("hvcC: written and read again", () => {
	const sets = ["40010c01ffff016000000300900000030000", "420101016000000300900000030000030078", "4401c172b46240"].map(
		bytes,
	);
	const written = writeHevcConfig(sets);
	assert.equal(written.subarray(0, 13).toString("hex"), "01016000000090000000000078".slice(0, 26));
	const read = readHevcConfig(written);
	assert.deepEqual(
		read?.sets.map((set) => Buffer.from(set)),
		sets,
	);
	assert.equal(read?.lengthBytes, 4);
	for (let cut = 0; cut < written.length; cut++) assert.equal(readHevcConfig(written.subarray(0, cut)), undefined);
});

test("AudioSpecificConfig: rates and channels", () => {
	assert.deepEqual(readAacConfig(bytes("1210")), { sampleRate: 44_100, channels: 2 });
	assert.deepEqual(readAacConfig(bytes("1188")), { sampleRate: 48_000, channels: 1 });
	assert.deepEqual(readAacConfig(bytes("1780568010")), { sampleRate: 44_288, channels: 2 });
	assert.equal(readAacConfig(bytes("12")), undefined);
	assert.equal(readAacConfig(bytes("17ff")), undefined);
});

test("OpusHead: its channels", () => {
	assert.deepEqual(readOpusHead(writeOpusHead(1)), { channels: 1 });
	assert.equal(readOpusHead(bytes("4f707573")), undefined);
});

test("av1C: as SVT-AV1, libaom and rav1e have it, from the sequence header of a temporal unit", () => {
	for (const wanted of [
		"81000c000a0b000000043cffbc02f80040",
		"81000c000a0b000000043cffbcfff98040",
		"811f0c000a0e000000fa1e7fde210ac8101010a0",
	]) {
		const header = bytes(wanted.slice(8));
		const unit = Buffer.concat([bytes("1200"), header, bytes("3201ff")]);
		assert.deepEqual(Buffer.from(av1SequenceHeader(unit)!), header);
		assert.equal(writeAv1Config(parseAv1Sequence(header)!, header).toString("hex"), wanted);
		assert.deepEqual(Buffer.from(readAv1Config(bytes(wanted))!), header);
	}
	assert.equal(av1SequenceHeader(bytes("1200")), undefined);
	assert.equal(av1SequenceHeader(bytes("0aff")), undefined);
	assert.equal(readAv1Config(bytes("81000c00")), undefined);
});
