import assert from "node:assert/strict";
import { test } from "node:test";
import { shownAddress, shownQuery, withoutSecretsOf } from "./secrets.ts";

const shown: readonly (readonly [url: string, shown: string])[] = [
	["rtsp://robot:hunter2@h:8554/x", "rtsp://…@h:8554/x"],
	["rtmp://h/live/stream-key", "rtmp://h/live/…"],
	["rtmps://u:p@h:443/app/a/b?auth=1", "rtmps://…@h:443/app/a/…"],
	["srt://h:1?streamid=publish:a:u:p&latency=200", "srt://h:1?streamid=…&latency=200"],
	["https://h/cam/whip", "https://h/cam/whip"],
];

test("addresses are shown without what lets others in", () => {
	for (const [url, text] of shown) assert.equal(shownAddress(url), text);
});

const told: readonly (readonly [url: string, text: string, shown: string])[] = [
	["rtsp://u:hunter2000@h/x", "wrong password hunter2000 for u", "wrong password … for u"],
	["rtsp://u:s%C3%A9cret@h/x", "not sécret, not s%C3%A9cret", "not …, not …"],
	["rtsp://u:full-100%@h/x", "not full-100%", "not …"],
	["rtmp://h/live/stream-key", 'somebody publishes to "live/stream-key"', 'somebody publishes to "live/…"'],
	["srt://h:1?streamid=publish:cam:user:secret", "user:secret may not publish:cam", "…:… may not …:cam"],
	["srt://h:1?passphrase=a-long-one", "a-long-one is wrong", "… is wrong"],
	["rtsp://u:abc@h/x", "an abc of three letters is everywhere", "an abc of three letters is everywhere"],
	["rtmp://h/cam?user=u&pass=x", "add ?user=NAME&pass=PASSWORD to it", "add ?user=NAME&pass=PASSWORD to it"],
	["rtmp://h/cam?user=u&pass=x", "not ?pass=PASSWORD1 or ?pass=abc", "not ?pass=… or ?pass=…"],
	["not an address", "why", "why"],
];

test("what a server says is told without what is secret in its address", () => {
	for (const [url, text, wanted] of told) assert.equal(withoutSecretsOf(url, text), wanted, url);
});

test("queries are shown without passwords", () => {
	assert.equal(shownQuery("user=a&pass=b&x=1&token=c"), "user=a&pass=…&x=1&token=…");
	assert.equal(shownQuery("compass=north"), "compass=north");
});
