import assert from "node:assert/strict";
import { test } from "node:test";
import { h264Track } from "../../../test/support/tracks.ts";
import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { OutClock } from "./out-clock.ts";

const video = h264Track();
const sound: Track = { ...video, kind: "audio", codec: "aac", encoding: "MPEG4-GENERIC", clockRate: 48_000 };
const tracks = [video, sound];
const frame = (track: number, ms: number): Frame => ({
	track,
	pts: (ms * tracks[track]!.clockRate) / 1000,
	key: ms === 0,
	units: [],
});

test("sound that comes late, of before the last picture of the burst, is of the past; what follows keeps its pace", () => {
	const clock = new OutClock(tracks, ({ track, pts }) => (pts * 1000) / tracks[track]!.clockRate);
	assert.equal(clock.isPast(frame(1, 0)), false, "nothing before the burst");
	clock.join([0, 40, 80, 120].map((ms) => frame(0, ms)));
	assert.deepEqual(
		[0, 60, 119, 120, 160].map((ms) => clock.isPast(frame(1, ms))),
		[true, true, true, false, false],
	);
	const times = [120, 140, 160].map((ms) => clock.at(frame(1, ms), 1000).pts);
	assert.deepEqual(
		times.map((time) => time - times[0]!),
		[0, 20, 40],
	);
});
