import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../observe/log.ts";
import type { Bounds } from "../wire/robot-messages.ts";
import { Camera } from "./camera.ts";
import { robotSchema } from "./config.ts";

const log = createLog({ level: "silent", file: "", format: "json" });

const rows: readonly (readonly [bounds: Bounds, kbps: number])[] = [
	[{}, 2000],
	[{ maxBitrate: 900 }, 900],
	[{ minBitrate: 3000 }, 3000],
	[{ minBitrate: 300, maxBitrate: 900.4 }, 900],
	[{ maxBitrate: 0.001 }, 50],
	[{ minBitrate: 1_000_000 }, 100_000],
];

test("whoever sets bounds, the bitrate is one that encoders can do", () => {
	const { cameras } = robotSchema.parse({ cameras: [{ source: "sample", publish: "rtsp://127.0.0.1/x" }] });
	const camera = new Camera(cameras[0]!, () => assert.fail("started"), log, {
		onState: () => undefined,
		onUnwanted: () => undefined,
	});
	for (const [bounds, kbps] of rows) {
		camera.setBounds(bounds);
		assert.equal(camera.bitrate, kbps, JSON.stringify(bounds));
	}
});
