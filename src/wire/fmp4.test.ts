import assert from "node:assert/strict";
import { test } from "node:test";
import { fragment, initSegment } from "./fmp4.ts";
import { mimeType } from "./fmp4-codecs.ts";

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
