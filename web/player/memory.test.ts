import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BrowserMemory } from "./memory.ts";

/** What a browser keeps; null for one that keeps nothing and throws. */
function keeping(kept: Map<string, string> | null): void {
	const refuse = () => {
		throw new DOMException("denied", "SecurityError");
	};
	const storage = {
		getItem: (key: string) => kept?.get(key) ?? null,
		setItem: (key: string, value: string) => void kept?.set(key, value),
	};
	const get = kept ? () => storage : refuse;
	Object.defineProperty(globalThis, "localStorage", { configurable: true, get });
}
after(() => Reflect.deleteProperty(globalThis, "localStorage"));

const nothing = async () => null;

test("what worked is known for ten minutes, for one relay", (t) => {
	t.mock.timers.enable({ apis: ["Date"] });
	keeping(new Map());
	new BrowserMemory("https://a.example", nothing).remember("websocket");
	t.mock.timers.tick(10 * 60_000 - 1);
	assert.equal(new BrowserMemory("https://a.example", nothing).recall(), "websocket");
	assert.equal(new BrowserMemory("https://b.example", nothing).recall(), null);
	t.mock.timers.tick(1);
	assert.equal(new BrowserMemory("https://a.example", nothing).recall(), null);
});

test("a page that may keep nothing remembers nothing, and goes on", () => {
	keeping(null);
	const memory = new BrowserMemory("https://a.example", nothing);
	memory.remember("websocket");
	assert.equal(memory.recall(), null);
});

test("what was refused is refused until it is another stream", async () => {
	keeping(new Map());
	let stream: string | null = "H264 with B-frames";
	const memory = new BrowserMemory("https://a.example", async () => stream);
	memory.refuse("webrtc");
	await memory.review();
	assert.ok(memory.isRefused("webrtc"));
	stream = null;
	await memory.review();
	assert.ok(memory.isRefused("webrtc"), "a relay that tells nothing changes nothing");
	stream = "H264";
	await memory.review();
	assert.ok(!memory.isRefused("webrtc"));
});

test("a stream that ended is forgotten", () => {
	keeping(new Map());
	const memory = new BrowserMemory("https://a.example", nothing);
	memory.refuse("webrtc");
	memory.forget();
	assert.ok(!memory.isRefused("webrtc"));
});
