import assert from "node:assert/strict";
import { test } from "node:test";
import { isBehind, patience, read } from "./meter.ts";
import { sampleOf } from "./stats.ts";
import type { Sample } from "./transport.ts";

const sample: Sample = {
	at: 1000,
	bytes: 100_000,
	packets: 900,
	lost: 10,
	framesDecoded: 60,
	framesDropped: 1,
	freezes: 0,
	bufferDelay: 1.2,
	bufferEmitted: 60,
	decodeTime: 0.06,
	width: 1280,
	height: 720,
	codec: "H.264 baseline",
	roundTrip: 0.025,
	route: "UDP, direct",
	way: "udp",
};
const later: Sample = {
	...sample,
	at: 3000,
	bytes: 600_000,
	packets: 990,
	lost: 20,
	framesDecoded: 120,
	bufferDelay: 2.4,
	bufferEmitted: 120,
	decodeTime: 0.18,
};

test("rates are of the interval", () => {
	const reading = read(sample, later);
	assert.equal(reading.bitrate, 2_000_000);
	assert.equal(reading.fps, 30);
	assert.equal(reading.loss, 0.1);
	assert.equal(reading.buffer?.toFixed(3), "20.000");
	assert.equal(reading.decode?.toFixed(3), "2.000");
	assert.equal(reading.roundTrip, 25);
});

test("without an earlier sample rates are unknown, not zero", () => {
	const { bitrate, fps, loss, buffer, decode, width } = read(null, sample);
	assert.deepEqual(
		{ bitrate, fps, loss, buffer, decode, width },
		{ bitrate: null, fps: null, loss: null, buffer: null, decode: null, width: 1280 },
	);
});

test("counters that began anew give no rates", () => {
	assert.equal(read(later, { ...sample, at: 4000 }).bitrate, null);
	assert.equal(read(later, { ...later, at: 4000, framesDecoded: 0 }).fps, null);
});

test("no pictures in the interval: no decoding time, zero frames", () => {
	const reading = read(sample, { ...sample, at: 2000 });
	assert.equal(reading.fps, 0);
	assert.equal(reading.decode, null);
	assert.equal(reading.buffer, null);
});

test("one slow reading is not yet behind", () => {
	const fine = read(sample, later);
	const slow = { ...fine, buffer: 1001 };
	assert.equal(isBehind(slow, slow), true);
	assert.equal(isBehind(fine, slow), false);
	assert.equal(isBehind(null, slow), false);
});

test("patience follows the camera's rate within limits", () => {
	assert.equal(patience(0), 1000);
	assert.equal(patience(33), 1000);
	assert.equal(patience(500), 2000);
	assert.equal(patience(5000), 5000);
});

test("a browser's report becomes a sample", () => {
	const report = new Map(
		[
			{ id: "v", type: "inbound-rtp", kind: "video", timestamp: 0, bytesReceived: 5, packetsLost: -1, codecId: "c" },
			{ id: "a", type: "inbound-rtp", kind: "audio", timestamp: 0, bytesReceived: 7 },
			{ id: "c", type: "codec", timestamp: 0, mimeType: "video/H264", sdpFmtpLine: "profile-level-id=42e01f" },
			{ id: "t", type: "transport", timestamp: 0, selectedCandidatePairId: "p" },
			{ id: "p", type: "candidate-pair", timestamp: 0, currentRoundTripTime: 0.01, localCandidateId: "l" },
			{ id: "l", type: "local-candidate", timestamp: 0, candidateType: "relay", protocol: "udp", relayProtocol: "tcp" },
		].map((entry) => [entry.id, entry]),
	);
	const result = sampleOf(report);
	assert.equal(result?.bytes, 12);
	assert.equal(result?.lost, 0);
	assert.equal(result?.codec, "H.264 baseline");
	assert.equal(result?.roundTrip, 0.01);
	assert.equal(result?.route, "TCP, by a TURN server");
	assert.equal(sampleOf(new Map()), null);
});
