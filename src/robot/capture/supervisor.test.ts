import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../../media/frame.ts";
import { captureSettings, robotSchema } from "../config.ts";
import type { CaptureEvents, CaptureSettings } from "./capture.ts";
import { Supervisor } from "./supervisor.ts";
import { videoTrack } from "./units.ts";

const { cameras } = robotSchema.parse({ cameras: [{ publish: "rtsp://127.0.0.1/x" }] });
const settings = captureSettings(cameras[0]!);

/** A capture that does what the test says. */
class Fake {
	readonly runs: { events: CaptureEvents; settings: CaptureSettings; stopped: boolean; asked: number; kbps: number }[] =
		[];
	readonly frames: Frame[] = [];
	readonly restarts: string[] = [];
	readonly waits: number[] = [];

	supervise(patience = { firstMs: 60_000, nextMs: 60_000 }, source = settings.source): Supervisor {
		const start = (wanted: CaptureSettings, events: CaptureEvents) => {
			const run = { events, settings: wanted, stopped: false, asked: 0, kbps: wanted.bitrate };
			this.runs.push(run);
			return {
				track: videoTrack(""),
				setBitrate: (kbps: number) => {
					run.kbps = kbps;
				},
				requestKeyFrame: () => {
					run.asked += 1;
				},
				stop: async () => {
					run.stopped = true;
				},
			};
		};
		const events = {
			onFrame: (frame: Frame) => this.frames.push(frame),
			onStarted: () => undefined,
			onRestart: (reason: string, waitMs: number) => {
				this.restarts.push(reason);
				this.waits.push(waitMs);
			},
		};
		return new Supervisor({ ...settings, source }, start, events, patience);
	}

	picture(pts: number): void {
		this.runs.at(-1)!.events.onFrame({ track: 0, pts, key: true, units: [] });
	}

	async untilRun(count: number): Promise<void> {
		while (this.runs.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

test("supervisor: a failed capture starts again, and time runs on", async () => {
	const fake = new Fake();
	const supervisor = fake.supervise();
	fake.picture(0);
	fake.picture(3000);
	supervisor.setBitrate(700);
	fake.runs[0]!.events.onError("camera unplugged");
	assert.equal(supervisor.track, undefined);
	await fake.untilRun(2);
	assert.ok(fake.runs[0]!.stopped);
	assert.equal(fake.runs[1]!.settings.bitrate, 700);
	fake.picture(0);
	assert.deepEqual(fake.restarts, ["camera unplugged"]);
	const [, second, third] = fake.frames.map(({ pts }) => pts);
	assert.ok(third! - second! > 0.2 * 90_000 && third! - second! < 5 * 90_000, `${third! - second!} ticks`);
	await supervisor.stop();
	assert.ok(fake.runs[1]!.stopped);
});

test("supervisor: a silent capture is taken for stuck", async () => {
	const fake = new Fake();
	const supervisor = fake.supervise({ firstMs: 20, nextMs: 40 });
	await fake.untilRun(2);
	fake.picture(0);
	await fake.untilRun(3);
	assert.deepEqual(fake.restarts, ["no picture for 0.02 s", "no picture for 0.04 s"]);
	await supervisor.stop();
});

test("supervisor: a file that has ended begins again soon each time", async () => {
	const fake = new Fake();
	const supervisor = fake.supervise(undefined, { kind: "file", path: "short.mp4" });
	for (let run = 1; run <= 3; run++) {
		await fake.untilRun(run);
		fake.picture(0);
		fake.runs[run - 1]!.events.onError("the source has ended");
	}
	await supervisor.stop();
	assert.ok(
		fake.waits.every((wait) => wait <= 500),
		`${fake.waits}`,
	);
});

test("supervisor: two requests for a key frame are one, and nothing starts after the stop", async () => {
	const fake = new Fake();
	const supervisor = fake.supervise();
	supervisor.requestKeyFrame();
	supervisor.requestKeyFrame();
	assert.equal(fake.runs[0]!.asked, 1);
	await supervisor.stop();
	fake.runs[0]!.events.onError("too late");
	assert.deepEqual(fake.restarts, []);
});
