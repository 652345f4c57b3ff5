import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type MediaPlaylist, type MultivariantPlaylist, parsePlaylist } from "./m3u8.ts";

const URL_OF_LIST = "https://a.example/live/index.m3u8?x=1";

function media(...lines: string[]): MediaPlaylist {
	const playlist = parsePlaylist(["#EXTM3U", ...lines].join("\n"), URL_OF_LIST);
	assert.equal(playlist.kind, "media");
	return playlist as MediaPlaylist;
}

test("segments count from the media sequence; what they need stays until it changes", () => {
	const { segments, target, ended } = media(
		...["#EXT-X-TARGETDURATION:4", "#EXT-X-MEDIA-SEQUENCE:7", "#EXT-X-DISCONTINUITY-SEQUENCE:2"],
		...['#EXT-X-MAP:URI="init.mp4"', "#EXTINF:3.5,a title", "7.m4s", "#EXTINF:4", "/8.m4s"],
		...["#EXT-X-DISCONTINUITY", '#EXT-X-MAP:URI="b.mp4",BYTERANGE="100@5"', "#EXTINF:4,", "https://b.example/9.m4s"],
		"#EXT-X-ENDLIST",
	);
	assert.deepEqual({ target, ended }, { target: 4, ended: true });
	assert.deepEqual(
		segments.map(({ number, era, duration, url, map }) => [number, era, duration, url, map?.url, map?.range?.at]),
		[
			[7, 2, 3.5, "https://a.example/live/7.m4s", "https://a.example/live/init.mp4", undefined],
			[8, 2, 4, "https://a.example/8.m4s", "https://a.example/live/init.mp4", undefined],
			[9, 3, 4, "https://b.example/9.m4s", "https://a.example/live/b.mp4", 5],
		],
	);
});

test("ranges go on where the last one ended", () => {
	const range = (text: string): string[] => [`#EXT-X-BYTERANGE:${text}`, "#EXTINF:1,", "all.ts"];
	const { segments } = media(...range("100@50"), ...range("20"), "#EXTINF:1,", "other.ts", ...range("5"));
	assert.deepEqual(
		segments.map((one) => one.range),
		[{ at: 50, bytes: 100 }, { at: 150, bytes: 20 }, undefined, { at: 0, bytes: 5 }],
	);
});

test("keys: with and without a vector, and none any more", () => {
	const { segments } = media(
		...[
			'#EXT-X-KEY:METHOD=AES-128,URI="k"',
			"#EXTINF:1,",
			"a",
			'#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x0A',
			"#EXTINF:1,",
			"b",
		],
		...["#EXT-X-KEY:METHOD=NONE", "#EXTINF:1,", "c"],
	);
	assert.deepEqual(
		segments.map(({ key }) => key && [key.url, key.iv?.toString("hex")]),
		[["https://a.example/live/k", undefined], ["https://a.example/live/k", `${"0".repeat(30)}0a`], undefined],
	);
	assert.throws(() => media("#EXT-X-KEY:METHOD=SAMPLE-AES"), /SAMPLE-AES, which is not understood/);
});

test("variants, with their sound's own playlist", () => {
	const text = [
		...["#EXTM3U", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="a",URI="a.m3u8"'],
		...[
			'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="b",DEFAULT=YES,URI="b.m3u8"',
			'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="in"',
		],
		...['#EXT-X-STREAM-INF:BANDWIDTH=100,CODECS="avc1.42c01e,mp4a.40.2",AUDIO="s"', "low.m3u8"],
		...['#EXT-X-STREAM-INF:BANDWIDTH=900,AUDIO="in"', "", "# a comment", "high.m3u8"],
	].join("\r\n");
	const { variants } = parsePlaylist(text, URL_OF_LIST) as MultivariantPlaylist;
	assert.deepEqual(variants, [
		{
			url: "https://a.example/live/low.m3u8",
			bandwidth: 100,
			codecs: "avc1.42c01e,mp4a.40.2",
			audio: "https://a.example/live/b.m3u8",
		},
		{ url: "https://a.example/live/high.m3u8", bandwidth: 900, codecs: "", audio: undefined },
	]);
});

const faults: readonly (readonly [lines: readonly string[], message: RegExp])[] = [
	[["#EXTINF:1,", "file:///etc/passwd"], /not asked for by HTTP/],
	[["#EXTINF:-1,"], /a duration of "-1" seconds/],
	[["#EXT-X-MEDIA-SEQUENCE:-3"], /"-3" where a number is due/],
	[["#EXT-X-BYTERANGE:x@1", "#EXTINF:1,", "a"], /"x" where a number is due/],
	[["#EXT-X-STREAM-INF:BANDWIDTH=1"], /names no stream/],
];

test("what makes no sense is told", () => {
	for (const [lines, message] of faults) assert.throws(() => media(...lines), message);
	assert.throws(() => parsePlaylist("<html>", URL_OF_LIST), /does not begin with #EXTM3U/);
});

test("any text is a playlist or an Error", () => {
	const tags = [
		"#EXTM3U",
		"#EXTINF:",
		"#EXT-X-MAP:URI=",
		"#EXT-X-KEY:METHOD=AES-128,",
		"#EXT-X-BYTERANGE:",
		"#EXT-X-STREAM-INF:",
		"a.ts",
	];
	const line = fc.tuple(fc.constantFrom(...tags), fc.string({ maxLength: 20 })).map(([tag, rest]) => `${tag}${rest}`);
	fc.assert(
		fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
			try {
				parsePlaylist(["#EXTM3U", ...lines].join("\n"), URL_OF_LIST);
			} catch (error) {
				assert.ok(error instanceof Error && error.constructor === Error, `${error}`);
			}
		}),
		{ numRuns: 2000, seed: 8216 },
	);
});

test("a playlist that is made to be slow is read in no time", () => {
	const long = "A".repeat(500_000);
	const began = performance.now();
	for (const line of [`#EXT-X-KEY:${long}`, `#EXT-X-MAP:${long}`, `#EXT-X-KEY:${'A="'.repeat(200_000)}`]) {
		assert.throws(() => media(line, "#EXTINF:1,", "x", "#EXT-X-KEY:METHOD=OTHER"));
	}
	const many = Array.from({ length: 50_000 }, () => "#EXT-X-STREAM-INF:BANDWIDTH=1");
	const { variants } = parsePlaylist(["#EXTM3U", ...many, "x.m3u8"].join("\n"), URL_OF_LIST) as MultivariantPlaylist;
	assert.equal(variants.length, 1, "an address belongs to the last tag before it");
	assert.ok(performance.now() - began < 2000);
	const streams = many.slice(0, 1001).flatMap((line) => [line, "x.m3u8"]);
	assert.throws(() => parsePlaylist(["#EXTM3U", ...streams].join("\n"), URL_OF_LIST), /more than 1000 streams/);
});
