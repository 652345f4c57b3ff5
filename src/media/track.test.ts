import assert from "node:assert/strict";
import { test } from "node:test";
import { codecOf, parseFmtp } from "./track.ts";

test("codecs are found by their rtpmap name, whatever its case", () => {
	const names = { H264: "h264", hevc: "h265", "MPEG4-GENERIC": "aac", opus: "opus", PCMU: "pcmu", JPEG: "other" };
	for (const [name, codec] of Object.entries(names)) assert.equal(codecOf(name), codec);
});

test("format parameters are split at the first equals sign", () => {
	assert.deepEqual(
		[...parseFmtp("packetization-mode=1; sprop-parameter-sets=Z0LAHw==,aM4=;Profile-Level-ID=42c01f")],
		[
			["packetization-mode", "1"],
			["sprop-parameter-sets", "Z0LAHw==,aM4="],
			["profile-level-id", "42c01f"],
		],
	);
});

test("format parameters without a value, and no parameters at all", () => {
	assert.deepEqual(
		[...parseFmtp("useinbandfec ; ;x=")],
		[
			["useinbandfec", ""],
			["x", ""],
		],
	);
	assert.equal(parseFmtp("").size, 0);
});
