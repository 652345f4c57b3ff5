import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, describe as words } from "../player/words.ts";
import { ago, bitrate, count, split } from "./format.ts";
import { barredWords, idOf, isBarred, loginFor, nextOf, pathOf } from "./relay.ts";

test("after signing in only a path of this site is gone to", () => {
	assert.equal(nextOf("?next=%2Fwatch%2Fa%2Fb%3Fx%3D1"), "/watch/a/b?x=1");
	for (const bad of [
		"",
		"?next=",
		"?next=//evil.example",
		"?next=/%5Cevil.example",
		"?next=https://evil.example",
		"?next=javascript:1",
	]) {
		assert.equal(nextOf(bad), "/", bad);
	}
});

test("the way to the login page leads back", () => {
	assert.equal(nextOf(loginFor("/viewer?camera=a&b").slice("/login".length)), "/viewer?camera=a&b");
});

test("who is logged in without the right to watch is told so, and of nothing else", () => {
	const me = { user: "robot1", may: ["publish", "api"], iceServers: [], rtspPort: 8554, version: "0" };
	assert.equal(isBarred(me), true);
	assert.equal(isBarred({ ...me, may: ["read"] }), false);
	assert.equal(isBarred({ ...me, user: null, may: [] }), false, "that is the login's business");
	assert.equal(isBarred(null), false, "a relay that does not answer says nothing of rights");
	assert.equal(barredWords(me).title, "robot1 may not watch streams");
	assert.match(barredWords(me).detail, /may publish and api\. Ask/);
	assert.match(barredWords({ ...me, may: [] }).detail, /may do nothing here yet/);
});

test("addresses name streams", () => {
	assert.equal(pathOf("/"), null);
	assert.equal(pathOf("/watch/robot1/front"), "robot1/front");
	assert.equal(pathOf("/watch/a%20b"), "a b");
	assert.equal(pathOf("/watch/%"), null);
	assert.equal(idOf("/viewer?camera=56C1"), "56C1");
	assert.equal(idOf("/viewer.html?camera=a%2Fb&autostart=1"), "a/b");
	assert.equal(idOf("/viewer"), null);
	assert.equal(idOf("/watch/a?camera=b"), null);
});

test("figures in words", () => {
	assert.equal(bitrate(2_034_000), "2.03 Mbit/s");
	assert.equal(bitrate(640_400), "640 kbit/s");
	assert.equal(bitrate(null), "");
	assert.equal(count(1, "viewer"), "1 viewer");
	assert.equal(count(0, "viewer"), "0 viewers");
	assert.deepEqual(split("a/b/c"), ["a/b/", "c"]);
	assert.deepEqual(split("c"), ["", "c"]);
	assert.equal(ago(59_400), "59 s");
	assert.equal(ago(3_600_000), "1 h");
	assert.equal(duration(59_999), "59 s");
	assert.equal(duration(65_000), "1:05");
	assert.equal(duration(7_391_000), "2:03:11");
});

test("every state has words, and only live ones are green", () => {
	const connecting = {
		at: "connecting",
		since: 0,
		attempt: 1,
		after: null,
		probedAt: 0,
		waking: null,
		pressed: false,
	} as const;
	const failure = { kind: "offline", reason: "Stopped by ann." } as const;
	assert.equal(words({ at: "live", since: 0 }, "x").tone, "live");
	assert.equal(words({ at: "waiting", until: 0, attempt: 1, failure }, "x").title, "Stopped by ann");
	assert.equal(words({ ...connecting, attempt: 2, after: failure }, "x").label, "Offline");
	assert.match(words({ at: "stalled", since: 0, probedAt: 0, cause: "silent" }, "x").detail, /camera has stopped/);
	assert.equal(words({ ...connecting, after: failure, waking: "waking" }, "x").title, "Waking the camera");
	assert.match(words({ ...connecting, waking: "away" }, "x").detail, /out of reach/);
	assert.equal(words({ at: "idle", mood: "asleep" }, "x").act, "Start Stream");
	assert.equal(words({ at: "idle" }, "x").act, "Play");
	assert.equal(words({ at: "unauthorised", reason: "y" }, "x").title, "Sign in to watch");
	assert.match(words({ at: "unauthorised", reason: "y", known: true }, "x").title, /not for you/);
});
