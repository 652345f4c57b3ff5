import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Track } from "../media/track.ts";
import { Histogram } from "../observe/histogram.ts";
import { createLog } from "../observe/log.ts";
import { FfmpegTranscoder } from "./transcoder.ts";
import { FfmpegTranscoding } from "./transcoding.ts";

/*
 * With a program in ffmpeg's place that gives back what it gets: blocks of Opus for blocks of Opus, whose times are known.
 */

const folder = mkdtempSync(join(tmpdir(), "vedette-transcoding-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const log = createLog({ level: "silent", file: "", format: "json" });
const opus: Track = {
	kind: "audio",
	codec: "opus",
	encoding: "opus",
	clockRate: 48_000,
	channels: 2,
	payloadType: 97,
	fmtp: "",
};
const RATE = opus.clockRate;
/** Blocks of 20 ms. */
const STEP = 960;

function program(name: string, script: string): string {
	const file = join(folder, name);
	writeFileSync(file, `#!/bin/sh\n${script}\n`);
	chmodSync(file, 0o755);
	return file;
}

async function until(ready: () => boolean): Promise<void> {
	for (let i = 0; !ready(); i++) {
		assert.ok(i < 1000, "not within 10 s");
		await pause(10);
	}
}

function begin(file: string) {
	const times: number[] = [];
	const statistics = { running: 0, restarts: 0, delay: new Histogram([1000]) };
	const onBlock = (_block: Uint8Array, pts: number): void => void times.push(pts);
	const transcoding = new FfmpegTranscoding(
		{ program: file, args: [], from: opus, to: opus, onBlock, log },
		statistics,
	);
	const push = (pts: number) => transcoding.push({ track: 5, pts, key: true, units: [Buffer.of(0xfc, 1, 2)] });
	return { times, statistics, transcoding, push };
}

suite("one track made of another", { concurrency: false }, () => {
	const echo = program("echo", "exec cat");

	test("times are the source's: across gaps, and with more bits than a transport stream has", async () => {
		const { times, statistics, transcoding, push } = begin(echo);
		const base = 30 * 3600 * RATE;
		const sent = [0, 1, 2, 3, 20, 21, 22].map((n) => base + n * STEP);
		for (const pts of sent) push(pts);
		await until(() => times.length === sent.length);
		assert.deepEqual(times, sent);
		assert.equal(statistics.delay.count, sent.length);
		transcoding.stop();
		assert.equal(statistics.running, 0);
	});

	test("a clock that jumps is followed, by a new beginning", async () => {
		const { times, statistics, transcoding, push } = begin(echo);
		push(1000);
		await until(() => times.length === 1);
		push(10 * RATE);
		await until(() => times.length === 2);
		push(500);
		await until(() => times.length === 3);
		assert.deepEqual(times, [1000, 10 * RATE, 500]);
		assert.deepEqual([statistics.running, statistics.restarts], [1, 0]);
		transcoding.stop();
	});

	test("a program that ends is started again, after a while; nothing comes once it was stopped", async () => {
		const { times, statistics, transcoding, push } = begin(program("once", "head -c 564"));
		push(0);
		push(STEP);
		await until(() => statistics.restarts === 1);
		assert.equal(statistics.running, 0);
		push(2 * STEP);
		assert.equal(statistics.running, 0, "not at once");
		let pts = 3 * STEP;
		await until(() => {
			pts += STEP;
			push(pts);
			return statistics.running === 1;
		});
		transcoding.stop();
		const heard = times.length;
		await pause(50);
		assert.equal(times.length, heard);
	});

	test("a program that is not there is no more than a reason", async () => {
		const { statistics, transcoding, push } = begin(join(folder, "nowhere"));
		push(0);
		await until(() => statistics.restarts === 1);
		transcoding.stop();
		const missing = await FfmpegTranscoder.open({ transcode: true, ffmpeg: join(folder, "nowhere") }, log);
		assert.deepEqual(missing.target(opus), { reason: "AAC is not made of it: ffmpeg is not installed" });
		const off = await FfmpegTranscoder.open({ transcode: false, ffmpeg: "ffmpeg" }, log);
		assert.deepEqual(off.target(opus), { reason: "AAC is not made of it: audio.transcode is off" });
		const poor = await FfmpegTranscoder.open({ transcode: true, ffmpeg: program("poor", "echo ' A..... mp2 '") }, log);
		assert.deepEqual(poor.target(opus), { reason: "AAC is not made of it: ffmpeg has no encoder aac" });
		assert.equal(poor.target({ ...opus, codec: "pcmu" }), undefined);
	});
});
