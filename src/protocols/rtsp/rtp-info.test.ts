import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRtpInfo } from "./rtp-info.ts";

const urls = ["rtsp://h/a/trackID=0", "rtsp://h/a/trackID=1"];
const [video, audio] = [
	{ sequence: 65_535, timestamp: 4_294_967_295 },
	{ sequence: 1, timestamp: 0 },
];
const headers = [
	{
		name: "two tracks",
		value: "url=rtsp://h/a/trackID=0;seq=65535;rtptime=4294967295,url=rtsp://h/a/trackID=1;seq=1;rtptime=0",
		wanted: [video, audio],
	},
	{
		name: "in another order, with spaces",
		value: "url=rtsp://h/a/trackID=1; seq=1; rtptime=0, url=rtsp://h/a/trackID=0; seq=65535; rtptime=4294967295",
		wanted: [video, audio],
	},
	{
		name: "URLs of the camera's own, by their order",
		value: "url=trackID=0;seq=65535;rtptime=4294967295,url=trackID=1;seq=1;rtptime=0",
		wanted: [video, audio],
	},
	{ name: "one of two", value: "url=rtsp://h/a/trackID=1;seq=1;rtptime=0", wanted: [{}, audio] },
	{ name: "one that is not known", value: "url=rtsp://h/b;seq=1;rtptime=0", wanted: [{}, {}] },
	{
		name: "commas in URLs, and no timestamp",
		value: "url=rtsp://h/a?x=1,2/trackID=0;seq=7,url=rtsp://h/a?x=1,2/trackID=1;seq=8",
		wanted: [{ sequence: 7 }, { sequence: 8 }],
	},
	{
		name: "numbers that are too large, or none",
		value: "url=rtsp://h/a/trackID=0;seq=65536;rtptime=-1,url=rtsp://h/a/trackID=1;seq=x;rtptime=4294967296",
		wanted: [{}, {}],
	},
	{ name: "nothing", value: "", wanted: [{}, {}] },
];

test("RTP-Info tells where tracks begin", () => {
	for (const { name, value, wanted } of headers) assert.deepEqual(parseRtpInfo(value, urls), wanted, name);
});

test("any text gives as many answers as there are tracks", () => {
	fc.assert(
		fc.property(fc.string(), fc.string(), (a, b) => {
			assert.equal(parseRtpInfo(`url=${a};seq=1,url=${b}`, urls).length, 2);
		}),
	);
});
