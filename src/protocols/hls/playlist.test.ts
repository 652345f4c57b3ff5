import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePlaylist, playlistFaults, successionFaults } from "../../../test/support/hls-rules.ts";
import { mediaPlaylist, multivariantPlaylist } from "./playlist.ts";
import { Segmenter } from "./segmenter.ts";

/** A segmenter that is given pictures at a steady pace, with sound between them. */
class Feed {
	readonly segmenter = new Segmenter();
	#at = 10;
	#count = 0;
	constructor() {
		this.segmenter.begin(Buffer.from("init"));
	}

	/** So many pictures, each lasting `seconds`, with a key frame every `interval` pictures. */
	pictures(count: number, interval: number, seconds = 1 / 30): void {
		for (let i = 0; i < count; i++) {
			const bytes = Buffer.from(`<${this.#count}>`);
			this.segmenter.add(bytes, { at: this.#at, key: this.#count % interval === 0 });
			this.segmenter.add(Buffer.from("s"), undefined);
			this.#count++;
			this.#at += seconds;
		}
	}

	get text(): string {
		return mediaPlaylist(this.segmenter, "abc");
	}
}

test("a camera with a key frame every two seconds", () => {
	const feed = new Feed();
	feed.pictures(60 * 12 + 20, 60);
	assert.deepEqual(playlistFaults(feed.text), []);
	const { segments, rest, hint, tags } = parsePlaylist(feed.text);
	assert.equal(segments.length, 7);
	assert.deepEqual(
		segments.map(({ number, duration }) => [number, duration]),
		[5, 6, 7, 8, 9, 10, 11].map((number) => [number, 2]),
	);
	assert.equal(tags.get("EXT-X-TARGETDURATION"), "2");
	assert.equal(rest.length, 3);
	assert.ok(rest[0]?.independent && !rest[1]?.independent);
	assert.equal(hint, "abc_part123.mp4");
});

test("a segment is its parts one after the other, and nothing is lost between them", () => {
	const feed = new Feed();
	feed.pictures(130, 60);
	const { segmenter } = feed;
	const whole = [0, 1].map((number) => segmenter.segment(number)!.toString()).join("");
	assert.equal(whole, Array.from({ length: 120 }, (_, i) => `<${i}>s`).join(""));
	const parts = Array.from({ length: segmenter.nextPart }, (_, i) => segmenter.part(i)!.toString()).join("");
	assert.ok(parts.startsWith(whole));
	assert.equal(segmenter.part(segmenter.nextPart), undefined);
	assert.equal(segmenter.segment(2), undefined);
});

test("without a key frame for long, segments stay as long as was announced", () => {
	const feed = new Feed();
	feed.pictures(60, 60);
	feed.pictures(900, 100_000);
	assert.deepEqual(playlistFaults(feed.text), []);
});

test("another picture size: another initialisation segment behind a discontinuity, which is counted when it has gone", () => {
	const feed = new Feed();
	feed.pictures(90, 60);
	feed.segmenter.begin(Buffer.from("other"));
	feed.pictures(90, 30);
	assert.deepEqual(playlistFaults(feed.text), []);
	const { segments } = parsePlaylist(feed.text);
	assert.deepEqual([...new Set(segments.map(({ map }) => map))], ["abc_init0.mp4", "abc_init1.mp4"]);
	feed.pictures(900, 60);
	assert.equal(parsePlaylist(feed.text).tags.get("EXT-X-DISCONTINUITY-SEQUENCE"), "1");
	assert.equal(feed.segmenter.init(0), undefined);
	assert.equal(feed.segmenter.init(1)?.toString(), "other");
});

test("what a blocking request waits for", () => {
	const feed = new Feed();
	const { segmenter } = feed;
	assert.equal(segmenter.has(0, 0), false);
	feed.pictures(60 + 7, 60);
	assert.equal(segmenter.has(0, undefined), true);
	assert.equal(segmenter.has(1, undefined), false);
	assert.equal(segmenter.has(1, 0), true);
	assert.equal(segmenter.has(1, 1), false);
	assert.equal(segmenter.has(0, 99), true, "a part behind the last is the first of the next segment");
	assert.equal(segmenter.has(1, 99), false);
});

test("at any pace that stays, and any distance of key frames, the rules hold", () => {
	const pace = fc.record({ fps: fc.integer({ min: 5, max: 60 }), interval: fc.integer({ min: 1, max: 300 }) });
	fc.assert(
		fc.property(pace, fc.integer({ min: 1, max: 200 }), ({ fps, interval }, more) => {
			const feed = new Feed();
			feed.pictures(fps * 30, interval, 1 / fps);
			const before = feed.text;
			feed.pictures(more, interval, 1 / fps);
			assert.deepEqual([...playlistFaults(before), ...successionFaults(before, feed.text)], []);
		}),
		{ numRuns: 100, seed: 8216 },
	);
});

test("the list of variants names codecs, bandwidth and size", () => {
	const text = multivariantPlaylist({ codecs: "avc1.42c01e,opus", bandwidth: 5, size: { width: 640, height: 480 } });
	assert.match(text, /^#EXTM3U\n/);
	assert.match(text, /#EXT-X-STREAM-INF:BANDWIDTH=5,CODECS="avc1.42c01e,opus",RESOLUTION=640x480\nstream.m3u8\n$/);
});
