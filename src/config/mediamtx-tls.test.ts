import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress } from "./address.ts";
import { readMediaMtx, type Translation } from "./mediamtx.ts";

function read(text: string): Translation {
	const translation = readMediaMtx(text, "mediamtx.yml", []);
	assert.ok(translation, "it is not taken for MediaMTX's file");
	return translation;
}

test("RTMPS comes with its certificate", () => {
	const { rtmp } = read("rtmpEncryption: optional\nrtmpsAddress: :2\nrtmpServerCert: a.crt").config;
	const { address, cert, key } = rtmp.tls;
	assert.deepEqual([address.map(formatAddress), cert, key, rtmp.address.length], [[":2"], "a.crt", "server.key", 1]);
	const strict = read("rtmpEncryption: strict").config.rtmp;
	assert.deepEqual([strict.address.length, strict.tls.address.length], [0, 1]);
	assert.equal(read("rtmp: yes").config.rtmp.tls.address.length, 0);
});

test("RTSPS comes with its certificate, and sources with the fingerprint of theirs", () => {
	const { rtsp } = read("rtspEncryption: optional\nrtspServerCert: a.crt").config;
	const { address, cert, key } = rtsp.tls;
	assert.deepEqual([address.map(formatAddress), cert, key, rtsp.address.length], [[":8322"], "a.crt", "server.key", 1]);
	const strict = read('rtspEncryption: "strict"\nrtspsAddress: :9').config.rtsp;
	assert.deepEqual([strict.address.length, strict.tls.address.map(formatAddress)], [0, [":9"]]);
	const digits = "ab".repeat(32);
	const { config } = read(`paths: { gate: { source: 'rtsps://h/s', sourceFingerprint: ${digits} } }`);
	assert.equal(config.paths.gate?.sourceFingerprint, digits);
});
