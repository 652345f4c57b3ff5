import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fmp4Track, fragment, initSegment } from "./fmp4.ts";
import { mimeType } from "./fmp4-codecs.ts";
import { describePicture } from "./picture-config.ts";

const sps = Buffer.from("6742c01ed903c568400000030040000000c038b192", "hex");
const h264 = {
	codec: "h264",
	format: { width: 640, height: 480, profile: "Baseline", level: "3" },
	sets: [sps, Buffer.from("68cb8cb2", "hex")],
} as const;
const tracks = [
	{ id: 1, timescale: 90_000, config: h264 },
	{ id: 2, timescale: 48_000, config: { codec: "aac", config: Buffer.from("1190", "hex") } },
] as const;

/** Boxes that hold boxes; of the others only the size counts here. */
const nests = new Set(["moov", "trak", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf"]);

/** The types of all boxes in their order, depth first. Fails where sizes do not add up. */
function walk(bytes: Buffer): string[] {
	const types: string[] = [];
	for (let at = 0; at < bytes.length; ) {
		const size = bytes.readUInt32BE(at);
		const type = bytes.toString("latin1", at + 4, at + 8);
		assert.ok(size >= 8 && at + size <= bytes.length, `${type} has ${size} bytes at ${at} of ${bytes.length}`);
		types.push(type);
		if (nests.has(type)) types.push(...walk(bytes.subarray(at + 8, at + size)));
		at += size;
	}
	return types;
}

test("the initialisation segment has a track for each, and says that fragments follow", () => {
	const types = walk(initSegment(tracks));
	assert.deepEqual(types.slice(0, 3), ["ftyp", "moov", "mvhd"]);
	assert.equal(types.filter((type) => type === "trak").length, 2);
	assert.deepEqual(types.slice(-3), ["mvex", "trex", "trex"]);
});

test("the type names codecs as browsers know them", () => {
	assert.equal(mimeType(tracks), 'video/mp4; codecs="avc1.42c01e,mp4a.40.2"');
	assert.equal(
		mimeType([{ id: 1, timescale: 48_000, config: { codec: "opus", channels: 2 } }]),
		'audio/mp4; codecs="opus"',
	);
	const vps = Buffer.from("40010c01ffff01600000030090000003", "hex");
	const main = Buffer.from("42010101600000030090000003000003005da0", "hex");
	const h265 = { codec: "h265", format: h264.format, sets: [vps, main, Buffer.from("4401", "hex")] } as const;
	assert.equal(mimeType([{ id: 1, timescale: 90_000, config: h265 }]), 'video/mp4; codecs="hvc1.1.6.L93.90"');
});

/** What libaom, SVT-AV1 and libvpx begin with, and the box that ffmpeg 5.1 writes for it. */
const descriptions = [
	["av1", "0a0b000000043d06d4daf90040", "av1C", "81000c000a0b000000043d06d4daf90040", "av01.0.00M.08"],
	["av1", "0a0a200000043d06d4daf902", "av1C", "812000000a0a200000043d06d4daf902", "av01.1.00M.08.0.000.02.02.02.0"],
	[
		"av1",
		"0a0e000000043d06d4daf95091009040",
		"av1C",
		"81004c000a0e000000043d06d4daf95091009040",
		"av01.0.00M.10.0.110.09.16.09.0",
	],
	["av1", "0a0a000000043d06d4daf92a", "av1C", "81001c000a0a000000043d06d4daf92a", "av01.0.00M.08.1.110.02.02.02.1"],
	["av1", "0a0b400000043d06d4daf96220", "av1C", "814068000a0b400000043d06d4daf96220", "av01.2.00M.12.0.100.02.02.02.0"],
	["vp9", "824983420014100b5606", "vpcC", "01000000000b820202020000", "vp09.00.11.08"],
	["vp9", "a2498342000282016ac0", "vpcC", "01000000010b860202020000", "vp09.01.11.08.03.02.02.02.00"],
	["vp9", "a2498342080282016ac0", "vpcC", "01000000010b840202020000", "vp09.01.11.08.02.02.02.02.00"],
	["vp9", "92498342580a0805ab03", "vpcC", "01000000020ba30902090000", "vp09.02.11.10.01.09.02.09.01"],
] as const;

for (const [codec, key, type, content, name] of descriptions) {
	test(`${name}: sample entry and type`, () => {
		const frame = { track: 0, pts: 0, key: true, units: [Buffer.from(key, "hex")] };
		const config = describePicture(codec, frame, [])!;
		const described = [{ id: 1, timescale: 90_000, config }];
		const init = initSegment(described);
		const at = init.indexOf(type, 0, "latin1");
		const size = init.readUInt32BE(at - 4);
		assert.equal(init.subarray(at + 4, at - 4 + size).toString("hex"), content);
		const entry = init.indexOf(name.slice(0, 4), 0, "latin1") + 4;
		assert.deepEqual([init.readUInt16BE(entry + 24), init.readUInt16BE(entry + 26)], [322, 182]);
		assert.equal(mimeType(described), `video/mp4; codecs="${name}"`);
	});
}

/** The names in av1-isobmff section 5 and in "VP Codec ISO Media File Format Binding" section 4. */
test("the type names codecs as their specifications do", () => {
	const size = { width: 1920, height: 1080, subsampling: [true, true] } as const;
	const nameOf = (config: Fmp4Track["config"]): string =>
		mimeType([{ id: 1, timescale: 90_000, config }]).slice(19, -1);
	const av1 = { ...size, profile: 0, monochrome: false, samplePosition: 0, highTier: false } as const;
	const hdr = { codes: [9, 16, 9], fullRange: false } as const;
	const usual = { codes: [1, 1, 1], fullRange: false } as const;
	const header = Buffer.of(0x0a, 0);
	const main = { ...av1, level: 1, bitDepth: 8, colour: usual };
	assert.equal(nameOf({ codec: "av1", header, format: main }), "av01.0.01M.08");
	const ten = { ...av1, level: 4, bitDepth: 10, samplePosition: 2, colour: hdr };
	assert.equal(nameOf({ codec: "av1", header, format: ten }), "av01.0.04M.10.0.112.09.16.09.0");
	const high = { ...main, level: 19, highTier: true };
	assert.equal(nameOf({ codec: "av1", header, format: high }), "av01.0.19H.08");
	const vp9 = { ...size, profile: 0, level: 20, bitDepth: 8, colour: usual };
	assert.equal(nameOf({ codec: "vp9", format: vp9 }), "vp09.00.20.08");
	const wide = { ...vp9, profile: 2, level: 10, bitDepth: 10, colour: { codes: [9, 16, 9], fullRange: true } } as const;
	assert.equal(nameOf({ codec: "vp9", format: wide }), "vp09.02.10.10.01.09.16.09.01");
});

test("a fragment holds one frame, its times and its place", () => {
	const units = [Buffer.from("65aabb", "hex"), Buffer.from("65cc", "hex")];
	const times = { dts: 2 ** 33 + 5, pts: 2 ** 33 + 2, duration: 3000 };
	const bytes = fragment(7, 1, times, true, units, true);
	assert.deepEqual(walk(bytes), ["moof", "mfhd", "traf", "tfhd", "tfdt", "trun", "mdat"]);
	const at = (type: string) => bytes.indexOf(type, 0, "latin1") + 4;
	assert.equal(bytes.readUInt32BE(at("mfhd") + 4), 7);
	assert.equal(bytes.readUInt32BE(at("tfhd") + 4), 1);
	assert.equal(bytes.readBigUInt64BE(at("tfdt") + 4), 2n ** 33n + 5n);
	const [count, place, duration, size, flags] = [4, 8, 12, 16, 20].map((from) => bytes.readUInt32BE(at("trun") + from));
	assert.deepEqual([count, duration, size, flags], [1, 3000, 13, 0x02000000]);
	assert.equal(bytes.readInt32BE(at("trun") + 24), -3);
	assert.equal(bytes.subarray(place).toString("hex"), "0000000365aabb0000000265cc");
});

test("sound has no lengths before it", () => {
	const block = Buffer.from("fc0102", "hex");
	const bytes = fragment(1, 2, { dts: 0, pts: 0, duration: 960 }, true, [block], false);
	assert.equal(bytes.subarray(-3).toString("hex"), "fc0102");
});
