import assert from "node:assert/strict";
import { test } from "node:test";
import { readTimeCode } from "../../src/media/timecode.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { launchChromium, lookAt, waitForState } from "./chromium.ts";

/** Scaled down, the time code can still be read. */
const WIDTH = 256;
const HEIGHT = 144;
const PICTURES = 90;
/** Far above what it takes, so that a busy machine does not fail the test, and far below a delay that somebody would notice as growing. */
const MOST_MS = 300;

test("from the moment of capture to the pixels in Chromium", async (t) => {
	if (!needs(t, "chromium", "element x264enc", "element appsrc")) return;
	await using relay = await startTestRelay();
	await using _robot = await startTestRobot({
		name: "robot1",
		cameras: [{ name: "front", source: "test", size: "640x360", publish: `${relay.rtspUrl}/robot1/front` }],
	});
	const browser = await launchChromium();
	t.after(() => browser.close());
	const page = await browser.newPage();
	await page.goto(`http://127.0.0.1:${relay.relay.ports.http[0]}/watch/robot1/front`);
	await waitForState(page, "live", 15_000);
	await page.waitForTimeout(2000);
	const shown = await lookAt(page, PICTURES, WIDTH, HEIGHT);
	const delays = shown
		.map(({ at, pixels }) => {
			const capturedAt = readTimeCode(Buffer.from(pixels, "base64"), WIDTH, HEIGHT, "rgba");
			return capturedAt === undefined ? Number.NaN : at - capturedAt;
		})
		.filter((delay) => !Number.isNaN(delay))
		.sort((a, b) => a - b);
	assert.ok(delays.length >= PICTURES * 0.9, `${delays.length} of ${PICTURES} pictures carry a time code`);
	const middle = delays[Math.floor(delays.length / 2)] ?? Number.NaN;
	t.diagnostic(`glass to glass: p50 ${middle.toFixed(0)} ms, worst ${delays.at(-1)?.toFixed(0)} ms`);
	assert.ok(middle > 0 && middle < MOST_MS, `p50 ${middle} ms`);
});
