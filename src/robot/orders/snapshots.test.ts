import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { needs } from "../../../test/support/peers.ts";
import type { Frame } from "../../media/frame.ts";
import { startSample } from "../capture/sample/sample.ts";
import { captureSettings, robotSchema } from "../config.ts";
import { jpegOf } from "./snapshots.ts";

test("a snapshot is the key frame as JPEG; what is no picture is told", { timeout: 20_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	const { cameras } = robotSchema.parse({ cameras: [{ source: "sample", publish: "rtsp://127.0.0.1/x" }] });
	const { promise, resolve, reject } = Promise.withResolvers<Frame>();
	const capture = startSample(captureSettings(cameras[0]!), { onFrame: resolve, onError: reject });
	const frame = await promise;
	await capture.stop();
	assert.ok(frame.key);
	const jpeg = await jpegOf(frame);
	const size = execFileSync(
		"ffprobe",
		["-loglevel", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", "-i", "pipe:0"],
		{ input: jpeg, encoding: "utf8" },
	);
	assert.match(size.trim(), /^mjpeg,\d{3,},\d{3,}$/);
	await assert.rejects(jpegOf(frame, 1000), /a picture of \d+ bytes, the most is 1000/);
	await assert.rejects(jpegOf({ ...frame, units: [Buffer.from([0x67, 1, 2])] }), /ffmpeg made no picture/);
});
