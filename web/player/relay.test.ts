import assert from "node:assert/strict";
import { test } from "node:test";
import { authorization, failureOf, locate, otherAddresses, parseIceServers, waking } from "./relay.ts";

const none = { src: "", address: "", path: "", signaling: "" };
const home = "https://relay.example";

const places: readonly [name: string, attributes: Partial<typeof none>, endpoint: string | null, path?: string][] = [
	["nothing named", {}, null],
	["no address", { src: "http://" }, null],
	[
		"a path, the script's own relay",
		{ path: "robot1/front" },
		"https://relay.example/robot1/front/whep",
		"robot1/front",
	],
	["characters that need escaping", { path: "a b/ü" }, "https://relay.example/a%20b/%C3%BC/whep", "a b/ü"],
	["another relay", { path: "x", address: "http://10.0.0.1:8080/" }, "http://10.0.0.1:8080/x/whep", "x"],
	[
		"an address as people see it",
		{ src: "https://r.example/watch/robot1/front" },
		"https://r.example/robot1/front/whep",
		"robot1/front",
	],
	["an address as WHEP has it", { src: "https://r.example/x/whep?a=1" }, "https://r.example/x/whep?a=1", "x"],
	["a relative address", { src: "/watch/x" }, "https://relay.example/x/whep", "x"],
	[
		"only the place that takes offers",
		{ path: "x", signaling: "https://s.example/offers" },
		"https://s.example/offers",
		"x",
	],
];

for (const [name, attributes, endpoint, path] of places) {
	test(`locate: ${name}`, () => {
		const place = locate({ ...none, ...attributes }, home);
		assert.equal(place?.endpoint ?? null, endpoint);
		assert.equal(place?.path, path);
	});
}

test("ICE servers as JSON or as addresses", () => {
	assert.deepEqual(parseIceServers('[{"urls":"stun:a"}]'), [{ urls: "stun:a" }]);
	assert.deepEqual(parseIceServers(" stun:a  stun:b "), [{ urls: ["stun:a", "stun:b"] }]);
	assert.equal(parseIceServers(" "), null);
	assert.equal(parseIceServers("[oops"), null);
});

const answers: readonly [status: number, body: string, kind: string, reason: string][] = [
	[401, '{"error":"Who are you?"}', "unauthorised", "Who are you?"],
	[403, "", "unauthorised", "Your account may not watch this stream."],
	[404, '{"error":"nobody publishes to \\"x\\""}', "offline", "Nobody publishes to “x”."],
	[406, '{"error":"No codec."}', "refused", "No codec."],
	[502, "<html>", "unreachable", "The relay behind this address does not answer."],
	[500, "<html>", "refused", "The relay refused with status 500."],
	[500, '{"error":7}', "refused", "The relay refused with status 500."],
];

for (const [status, body, kind, reason] of answers) {
	test(`status ${status} with ${body || "nothing"}`, async () => {
		const more = status === 406 ? { lasting: true } : status === 403 ? { known: true } : {};
		assert.deepEqual(await failureOf(new Response(body, { status })), { kind, reason, ...more });
	});
}

test("a camera that as many watch as may", async () => {
	const answer = { status: 503, headers: { "Vedette-Full": "10" } };
	assert.equal((await failureOf(new Response('{"error":"full"}', answer))).kind, "full");
});

test("WebSocket and HLS are beside the address that takes offers, where it is this relay's kind", () => {
	const live = "wss://r.example/robot1/front/live.ws?a=1";
	const hls = "https://r.example/robot1/front/index.m3u8?a=1";
	assert.deepEqual(otherAddresses("https://r.example/robot1/front/whep?a=1"), { live, hls });
	assert.equal(otherAddresses("http://r.example/x/whep")?.live, "ws://r.example/x/live.ws");
	assert.equal(otherAddresses("https://s.example/offers"), null);
});

test("the viewer's word is in the address, beside what was there", () => {
	assert.equal(waking("https://r.example/x/whep"), "https://r.example/x/whep?wake=1");
	assert.equal(waking("wss://r.example/x/live.ws?a=1"), "wss://r.example/x/live.ws?a=1&wake=1");
});

test("the relay's wish to wait is kept in milliseconds", async () => {
	const response = new Response("", { status: 503, headers: { "Retry-After": "3" } });
	assert.equal((await failureOf(response)).retryAfter, 3000);
});

test("a token is a token, a name with a password goes as Basic in UTF-8", () => {
	assert.equal(authorization("abc.def"), "Bearer abc.def");
	assert.equal(authorization("ann:correct hörse"), `Basic ${Buffer.from("ann:correct hörse").toString("base64")}`);
});
