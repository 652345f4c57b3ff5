import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import type { Frame } from "../../../media/frame.ts";
import { parseH264Sps } from "../../../media/h264.ts";
import { captureSettings, robotSchema } from "../../config.ts";
import { startSample } from "./sample.ts";

const { cameras } = robotSchema.parse({ cameras: [{ source: "sample", publish: "rtsp://127.0.0.1/x" }] });

test("sample: begins with a key frame, at its rate, and jumps to a key frame when one is asked for", async () => {
	const frames: Frame[] = [];
	const enough = Promise.withResolvers<void>();
	const capture = startSample(captureSettings(cameras[0]!), {
		onFrame: (frame) => {
			frames.push(frame);
			if (frames.length === 3) capture.requestKeyFrame();
			if (frames.length === 4) enough.resolve();
		},
		onError: assert.fail,
	});
	await enough.promise;
	await capture.stop();
	assert.deepEqual(
		frames.map(({ key }) => key),
		[true, false, false, true],
	);
	assert.deepEqual(
		frames.map(({ pts }) => pts),
		[0, 6000, 12_000, 18_000],
	);
	assert.match(capture.track.fmtp, /profile-level-id=42c0..;sprop-parameter-sets=.+,.+/);
	assert.equal(parseH264Sps(frames[0]!.units[0]!)?.width, 640);
});

test("sample: is small enough for a repository", () => {
	assert.ok(statSync(new URL("./sample.h264", import.meta.url)).size <= 250_000);
});
