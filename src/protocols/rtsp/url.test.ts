import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { controlUrl, parseAddress, parseResource } from "./url.ts";

const resources = [
	{ name: "plain", url: "rtsp://h:8554/camera", path: "camera" },
	{ name: "nested, with a slash at the end", url: "rtsp://h/robot1/front/", path: "robot1/front" },
	{ name: "a track", url: "rtsp://h/camera/trackID=1", path: "camera", control: "trackID=1" },
	{ name: "ffmpeg's track when it publishes", url: "rtsp://h/a/b/streamid=0", path: "a/b", control: "streamid=0" },
	{ name: "GStreamer's track when it publishes", url: "rtsp://h/a/stream=0", path: "a", control: "stream=0" },
	{ name: "a query", url: "rtsp://h/camera?token=a/b", path: "camera", query: "token=a/b" },
	{
		name: "a track behind the query",
		url: "rtsp://h/camera?token=1/trackID=0",
		path: "camera",
		query: "token=1",
		control: "trackID=0",
	},
	{
		name: "a track before the query",
		url: "rtsp://h/camera/trackID=0?token=1",
		path: "camera",
		query: "token=1",
		control: "trackID=0",
	},
	{ name: "two slashes", url: "rtsp://h//camera//trackID=0", path: "camera", control: "trackID=0" },
	{ name: "a query in which a word looks like a track", url: "rtsp://h/c?track=1", path: "c", query: "track=1" },
	{ name: "a path alone", url: "/camera", path: "camera" },
	{ name: "the server", url: "*", path: "" },
	{ name: "the root", url: "rtsp://h:8554", path: "" },
	{ name: "percent-encoded", url: "rtsp://h/a%20b", path: "a b" },
	{ name: "badly percent-encoded", url: "rtsp://h/a%2", path: "a%2" },
	{ name: "credentials", url: "rtsp://u:p@h:1/camera", path: "camera" },
];

test("requests are taken apart", () => {
	for (const { name, url, path, query = "", control = "" } of resources) {
		assert.deepEqual(parseResource(url), { path, query, control }, name);
	}
});

const nobody = { user: "", password: "" };
const addresses = [
	{ text: "rtsp://host/a", value: { host: "host", port: 554, tls: false, ...nobody, url: "rtsp://host/a" } },
	{ text: "rtsps://host/a", value: { host: "host", port: 322, tls: true, ...nobody, url: "rtsps://host/a" } },
	{
		text: "rtsp://u:p%40ss@10.0.0.1:8554/a?b=c",
		value: {
			...{ host: "10.0.0.1", port: 8554, tls: false },
			...{ user: "u", password: "p@ss", url: "rtsp://10.0.0.1:8554/a?b=c" },
		},
	},
	{
		text: "rtsps://[::1]:8322/a",
		value: { host: "::1", port: 8322, tls: true, ...nobody, url: "rtsps://[::1]:8322/a" },
	},
	{
		text: "rtsp://u@host/a",
		value: { host: "host", port: 554, tls: false, user: "u", password: "", url: "rtsp://host/a" },
	},
];

test("addresses are taken apart, and their credentials kept out of the URL", () => {
	for (const { text, value } of addresses) assert.deepEqual(parseAddress(text), value, text);
	assert.throws(() => parseAddress("http://host/a"), TypeError);
	assert.throws(() => parseAddress("host/a"), TypeError);
	assert.throws(() => parseAddress("rtsp:///a"), TypeError);
});

const controls = [
	{ base: "rtsp://h/a", control: "trackID=1", url: "rtsp://h/a/trackID=1" },
	{ base: "rtsp://h/a/", control: "trackID=1", url: "rtsp://h/a/trackID=1" },
	{ base: "rtsp://h/a?x=1", control: "trackID=1", url: "rtsp://h/a?x=1/trackID=1" },
	{ base: "rtsp://h/a", control: "rtsp://h/other/1", url: "rtsp://h/other/1" },
	{ base: "rtsp://h/a", control: "*", url: "rtsp://h/a" },
	{ base: "rtsp://h/a", control: "", url: "rtsp://h/a" },
];

test("control URLs are absolute, or behind the base", () => {
	for (const { base, control, url } of controls) assert.equal(controlUrl(base, control), url);
});

test("no URL breaks the parser", () => {
	fc.assert(
		fc.property(fc.string(), (text) => {
			parseResource(text);
			parseResource(`rtsp://h/${text}`);
		}),
		{ seed: 5 },
	);
});
