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
		for (let i = 0; i < count; i++) this.picture(this.#count % interval === 0, seconds);
	}

	picture(key: boolean, seconds: number): void {
		this.segmenter.add(Buffer.from(`<${this.#count++}>`), { at: this.#at, key });
		this.segmenter.add(Buffer.from("s"), undefined);
		this.#at += seconds;
	}

	/** The playlist is looked at with each part that these pictures complete. */
	checked(steps: readonly number[], interval: number, steady = true): void {
		let before = "";
		for (const step of steps) {
			const known = this.segmenter.nextPart;
			this.picture(this.#count % interval === 0, step);
			if (this.segmenter.nextPart === known) continue;
			const after = this.text;
			assert.deepEqual(playlistFaults(after, steady), []);
			if (before) assert.deepEqual(successionFaults(before, after), []);
			before = after;
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

/** Every so many seconds a picture, from which some are left out. */
function dropping(fps: number, left: readonly boolean[]): number[] {
	const steps: number[] = [];
	for (const dropped of left) {
		const step = 1 / fps;
		if (dropped && steps.length > 0) steps.push(steps.pop()! + step);
		else steps.push(step);
	}
	return steps;
}

const evenly = (fps: number, seconds: number): number[] => new Array(Math.round(fps * seconds)).fill(1 / fps);

test("at another pace than the first one the rules hold", () => {
	for (const [first, later] of [
		[30, 15],
		[30, 60],
		[30, 12.5],
		[30, 24],
		[60, 30],
		[25, 17],
		[15, 30],
		[10, 7],
		[5, 30],
	] as const) {
		const feed = new Feed();
		feed.checked([...evenly(first, 5), ...evenly(later, 20), ...evenly(first, 3)], 60, false);
	}
});

test("a camera's usual paces do not end segments early", () => {
	for (const fps of [60, 50, 30, 29.97, 25, 24, 20, 15, 12.5, 10, 8, 5, 2]) {
		const feed = new Feed();
		feed.checked(evenly(fps, 30), Math.ceil(fps * 2));
		const durations = parsePlaylist(feed.text).segments.map(({ duration }) => duration.toFixed(3));
		assert.deepEqual(new Set(durations), new Set([(Math.ceil(fps * 2) / fps).toFixed(3)]), `${fps}`);
	}
});

test("where pictures are dropped the rules hold, at any pace", () => {
	const lossy = fc.array(fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.boolean()), {
		minLength: 300,
		maxLength: 600,
	});
	fc.assert(
		fc.property(fc.constantFrom(5, 10, 15, 25, 30, 60), lossy, (fps, dropped) => {
			// Two that are dropped in a row make a pause at a slow pace.
			const alone = dropped.map((one, i) => one && !dropped[i - 1]);
			new Feed().checked([...evenly(fps, 3), ...dropping(fps, alone)], 40, false);
		}),
		{ numRuns: 60, seed: 8216 },
	);
});

test("pictures that come irregularly: the rules hold as long as none lasts longer than a part may", () => {
	const steps = fc.array(fc.double({ min: 0.001, max: 0.2, noNaN: true }), { minLength: 100, maxLength: 300 });
	fc.assert(
		fc.property(steps, fc.integer({ min: 1, max: 90 }), (uneven, interval) => {
			new Feed().checked([...evenly(30, 3), ...uneven], interval, false);
		}),
		{ numRuns: 60, seed: 8216 },
	);
});

test("the first segment's dropped pictures do not make the parts of all others longer", () => {
	const feed = new Feed();
	feed.checked(
		[
			...dropping(
				30,
				Array.from({ length: 60 }, (_, i) => i % 13 === 12),
			),
			...evenly(30, 4),
		],
		60,
		false,
	);
	assert.equal(feed.segmenter.partTarget, 0.22);
});

test("where pictures are dropped, segments go on from key frame to key frame all the same", () => {
	const feed = new Feed();
	const steps = dropping(
		30,
		Array.from({ length: 600 }, (_, i) => i % 17 === 16),
	);
	feed.checked([...evenly(30, 4), ...steps], 60, false);
	const { listed } = feed.segmenter;
	assert.equal(listed.length, 8);
	assert.ok(listed.every(({ parts }) => parts[0]?.independent));
});

test("a pause is one part that is too long, and of the segments only the one that it is alone in", () => {
	const feed = new Feed();
	feed.pictures(60 * 4 + 50, 60);
	feed.picture(false, 0.9);
	feed.pictures(40, 60);
	assert.deepEqual(
		playlistFaults(feed.text).map((fault) => fault.replace(/part\d+/, "part")),
		["4.4.4.9: abc_part.mp4 lasts 0.9"],
	);
	const durations = parsePlaylist(feed.text).segments.map(({ duration }) => duration);
	assert.ok(
		durations.every((duration) => Math.round(duration) <= 2),
		String(durations),
	);
});

test("sound alone: parts are a whole number of its frames", () => {
	const feed = new Feed();
	feed.checked(evenly(48_000 / 1024, 30), 1);
	assert.equal(feed.segmenter.partTarget, 0.212);
	assert.ok(parsePlaylist(feed.text).segments.every(({ duration }) => duration >= 0.99));
});

test("the list of variants names codecs, bandwidth and size", () => {
	const text = multivariantPlaylist({ codecs: "avc1.42c01e,opus", bandwidth: 5, size: { width: 640, height: 480 } });
	assert.match(text, /^#EXTM3U\n/);
	assert.match(text, /#EXT-X-STREAM-INF:BANDWIDTH=5,CODECS="avc1.42c01e,opus",RESOLUTION=640x480\nstream.m3u8\n$/);
});
