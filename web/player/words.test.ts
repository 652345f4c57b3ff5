import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reading } from "./meter.ts";
import { wayWords } from "./words.ts";

const cases: readonly [name: string, reading: Partial<Reading>, words: string][] = [
	["the best way", { way: "udp", buffer: 20 }, ""],
	["the best way, late", { way: "udp", buffer: 900 }, ""],
	["a way that is not known yet", { way: null, buffer: null }, ""],
	["TCP", { way: "tcp", buffer: 30 }, "over TCP"],
	["WebSocket, in time", { way: "websocket", buffer: 300 }, "by WebSocket"],
	["HLS before its first figure", { way: "hls", buffer: null }, "by HLS"],
	["HLS", { way: "hls", buffer: 1449 }, "by HLS, 1.4 s late"],
];

for (const [name, reading, words] of cases) {
	test(name, () => assert.equal(wayWords(reading as Reading), words));
}

test("nothing is said before the first figures", () => assert.equal(wayWords(null), ""));
