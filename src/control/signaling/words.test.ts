import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { candidatesOf, type Heard, hear, type Language, say, type Telling } from "./words.ts";

const rows: readonly (readonly [object, Partial<Heard>])[] = [
	[
		{ type: "viewer", cameraId: "cam", streamId: "s", sdpOffer: "v=0" },
		{ language: "type", said: { what: "offer", direction: "read", camera: "cam", sdp: "v=0" } },
	],
	[
		{ type: "viewer", cameraId: "cam" },
		{ said: { what: "wrong", message: "Missing required fields: cameraId, streamId, sdpOffer" } },
	],
	[
		{ type: "viewer", sdpOffer: "v=0" },
		{ said: { what: "wrong", message: "Missing required fields: cameraId, streamId, sdpOffer" } },
	],
	[{ type: "onIceCandidate", candidate: { candidate: "x" } }, { said: { what: "candidate" } }],
	[{ type: "stop" }, { said: { what: "stop" } }],
	[{ type: "ping" }, { said: { what: "ping" } }],
	[
		{ type: "token", token: "secret" },
		{ said: { what: "token" }, token: "secret" },
	],
	[
		{ id: "viewer", sdpOffer: "v=0" },
		{ language: "id", said: { what: "offer", direction: "read", camera: "", sdp: "v=0" } },
	],
	[
		{ id: "presenter", sdpOffer: "v=0", camera: "cam" },
		{ language: "id", said: { what: "offer", direction: "publish", camera: "cam", sdp: "v=0" } },
	],
	[{ id: "viewer" }, { language: "id", said: { what: "wrong", message: "Missing required fields: sdpOffer" } }],
	[
		{ id: "onIceCandidate", candidate: {} },
		{ language: "id", said: { what: "candidate" } },
	],
	[{ id: "dance" }, { language: "id", said: { what: "wrong", message: "Unknown message id: dance" } }],
	[{ type: "constructor" }, { said: { what: "wrong", message: "Unknown message type: constructor" } }],
	[[], { said: { what: "wrong", message: "Unknown message type: " } }],
];

for (const [message, expected] of rows) {
	test(`hears ${JSON.stringify(message)}`, () => {
		const heard = hear(JSON.stringify(message));
		for (const [key, value] of Object.entries(expected)) assert.deepEqual(heard[key as keyof Heard], value);
	});
}

test("hears anything without an error", () => {
	assert.deepEqual(hear("{").said, { what: "wrong", message: "Invalid JSON" });
	fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void hear(text)));
});

const told: readonly (readonly [Language, Telling, object])[] = [
	[
		"type",
		{ what: "answer", direction: "read", sdp: "v=0", session: "s" },
		{ type: "viewerResponse", sdpAnswer: "v=0", viewerId: "s" },
	],
	[
		"id",
		{ what: "answer", direction: "publish", sdp: "v=0", session: "s" },
		{ id: "presenterResponse", response: "accepted", sdpAnswer: "v=0" },
	],
	[
		"id",
		{ what: "refused", direction: "read", message: "no" },
		{ id: "viewerResponse", response: "rejected", message: "no" },
	],
	["type", { what: "refused", direction: "read", message: "no" }, { type: "error", message: "no" }],
	["id", { what: "over", message: "gone" }, { id: "stopCommunication", message: "gone" }],
	["type", { what: "over", message: "gone" }, { type: "stopped", message: "gone" }],
	["id", { what: "candidate", candidate: { a: 1 } }, { id: "iceCandidate", candidate: { a: 1 } }],
	["type", { what: "pong" }, { type: "pong" }],
];

for (const [language, telling, expected] of told) {
	test(`says ${JSON.stringify(expected)}`, () => assert.deepEqual(JSON.parse(say(language, telling)), expected));
}

test("the candidates of an answer, each with its section", () => {
	const sdp =
		"v=0\r\nm=video 9 x 96\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 8189 typ host\r\nm=audio 9 x 97\r\na=mid:1\r\n";
	assert.deepEqual(candidatesOf(sdp), [
		{ candidate: "candidate:1 1 udp 1 192.0.2.1 8189 typ host", sdpMid: "0", sdpMLineIndex: 0 },
	]);
});
