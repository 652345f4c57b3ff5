import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../media/frame.ts";
import type { Track } from "../media/track.ts";
import { Fmp4Clock } from "./fmp4-clock.ts";

const base = { payloadType: 96, fmtp: "", channels: 0 };
const video: Track = { ...base, kind: "video", codec: "h264", encoding: "H264", clockRate: 90_000 };
const audio: Track = { ...base, kind: "audio", codec: "opus", encoding: "opus", clockRate: 48_000, channels: 2 };

const frame = (track: number, pts: number, dts?: number): Frame => ({
	track,
	pts,
	key: false,
	units: [],
	...(dts === undefined ? {} : { dts }),
});
const clock = () => new Fmp4Clock([video, audio], ({ track, pts }) => (pts * 1000) / [90_000, 48_000][track]!);

test("pictures in order are decoded when they are shown, at the publisher's pace", () => {
	const times = clock();
	const all = [0, 3000, 6000].map((pts, i) => times.at(frame(0, pts), i * 33));
	assert.deepEqual(
		all.map(({ dts }) => dts - all[0]!.dts),
		[0, 3000, 6000],
	);
	assert.ok(all.every(({ dts, pts, duration }) => dts === pts && duration === 3000));
});

test("picture and sound stand on one clock", () => {
	const times = clock();
	const picture = times.at(frame(0, 90_000), 0);
	const sound = times.at(frame(1, 72_000), 0);
	assert.equal(sound.pts / 48_000 - picture.pts / 90_000, 0.5);
});

test("reordered pictures: decoding times rise and are never later than showing, once that has been learned", () => {
	const order = [0, 9000, 3000, 6000, 18_000, 12_000, 15_000, 27_000, 21_000, 24_000];
	const times = clock();
	times.learn(order.slice(0, 4).map((pts) => frame(0, pts)));
	let last: number | undefined;
	for (const shown of order) {
		const { dts, pts } = times.at(frame(0, shown), 0);
		assert.ok(dts <= pts, `decoded at ${dts}, shown at ${pts}`);
		assert.equal(dts - (last ?? dts - 3000), 3000);
		last = dts;
	}
});

test("no step is larger than twice what the picture before it is said to last, but to a key frame", () => {
	const times = clock();
	let last = times.at(frame(0, 0), 0);
	for (const shown of [18_000, 36_000, 54_000, 90_000, 93_000, 180_000]) {
		const next = times.at(frame(0, shown), shown / 90);
		assert.ok(next.dts > last.dts && next.dts - last.dts <= 2 * last.duration && next.dts <= next.pts);
		last = next;
	}
	const key = times.at({ ...frame(0, 360_000), key: true }, 4000);
	assert.equal(key.dts, key.pts);
});

test("decoding times that the publisher tells are kept", () => {
	const times = clock();
	const { dts, pts } = times.at(frame(0, 9000, 3000), 0);
	assert.equal(pts - dts, 6000);
});

test("another publisher's clock goes on with wall time", () => {
	const times = clock();
	const before = times.at(frame(0, 900_000), 1000);
	const after = times.at(frame(0, 90), 1500);
	assert.equal(after.pts - before.pts, 45_000);
	assert.ok(after.dts > before.dts);
});

test("the circle of 32 bits does not show", () => {
	const times = clock();
	const before = times.at(frame(0, 2 ** 32 - 1000), 0);
	const after = times.at(frame(0, 2000), 33);
	assert.equal(after.pts - before.pts, 3000);
});
