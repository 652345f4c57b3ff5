import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { startRobotProcess } from "../support/robot-process.ts";
import { until } from "../support/until.ts";
import { launchChromium, waitForState } from "./chromium.ts";
import { RelayChild } from "./relay-child.ts";

const front = parsePathName("robot1/front") as PathName;
const STARTS = 20;
/** What a machine that is busy with other things may need; the aim is a second. */
const MOST_P95_MS = 2500;
/** A robot waits up to 20 s between two attempts to reach its broker; then the camera stays awake for 10 s. */
const BACK_MS = 45_000;

/** Milliseconds from the click. */
interface Start {
	/** The start was answered with 201. */
	readonly started: number;
	/** The offer was answered. */
	readonly answered: number;
	/** A picture was there to be shown. */
	readonly shown: number;
}

/** Starts the camera and watches it, both at once, until the first picture. */
function startAndWatch(page: Page): Promise<Start> {
	return page.evaluate(async () => {
		const begun = performance.now();
		const since = (): number => performance.now() - begun;
		const starting = fetch("/streams/robot1%2Ffront/start", { method: "POST" }).then(async (response) => {
			if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
			return since();
		});
		const pc = new RTCPeerConnection();
		pc.addTransceiver("video", { direction: "recvonly" });
		const video = document.createElement("video");
		video.muted = true;
		document.body.append(video);
		const shown = new Promise<number>((resolve) => video.requestVideoFrameCallback(() => resolve(since())));
		pc.ontrack = ({ track }) => {
			video.srcObject = new MediaStream([track]);
			void video.play();
		};
		await pc.setLocalDescription();
		const headers = { "content-type": "application/sdp" };
		const body = pc.localDescription?.sdp ?? "";
		const response = await fetch("/robot1/front/whep", { method: "POST", headers, body });
		const answered = since();
		await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
		const start = { started: await starting, answered, shown: await shown };
		await fetch("/streams/robot1%2Ffront/stop", { method: "POST" });
		pc.close();
		video.remove();
		return start;
	});
}

/** The value that so much of them are at most. */
function quantile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.ceil(sorted.length * part) - 1] ?? 0;
}

test("a sleeping camera shows its first picture within a second of the start", { timeout: 180_000 }, async (t) => {
	if (!needs(t, "chromium", "element x264enc")) return;
	await using parts = new AsyncDisposableStack();
	const access = { anonymous: ["publish", "read", "api", "control"] };
	const relay = parts.use(await startTestRelay({ access }));
	const { hub } = relay.relay;
	const cameras = [{ name: "front", source: "test", publish: `${relay.rtspUrl}/robot1/front` }];
	const robot = parts.use(startRobotProcess({ name: "robot1", control: { mqtt: relay.mqttUrl }, cameras }));
	await until(() => hub.demand.get(front)?.online, robot.text, 30_000);
	const browser = parts.adopt(await launchChromium(), (one) => one.close());
	const page = await browser.newPage();
	await page.goto(`${relay.httpUrl}/health`);
	const starts: Start[] = [];
	for (let n = 0; n < STARTS; n++) {
		starts.push(await startAndWatch(page));
		await until(() => hub.demand.get(front)?.state === "idle" && robot.children().length === 0, "it sleeps again");
	}
	for (const step of ["started", "answered", "shown"] as const) {
		const times = starts.map((start) => start[step]);
		const [middle, most] = [quantile(times, 0.5), quantile(times, 0.95)].map(Math.round);
		t.diagnostic(`${step}: ${middle} ms p50, ${most} ms p95`);
	}
	const p95 = quantile(
		starts.map(({ shown }) => shown),
		0.95,
	);
	assert.ok(p95 <= MOST_P95_MS, `${p95} ms`);
});

test("a viewer wakes a camera, and has it again after the relay was killed", { timeout: 120_000 }, async (t) => {
	if (!needs(t, "chromium", "element x264enc")) return;
	await using parts = new AsyncDisposableStack();
	const access = { anonymous: ["publish", "read", "api", "control"] };
	const relay = parts.use(new RelayChild(undefined, { access }));
	await relay.start();
	const cameras = [{ name: "front", source: "test", publish: `${relay.rtspUrl}/robot1/front` }];
	const robot = parts.use(startRobotProcess({ name: "robot1", control: { mqtt: relay.mqttUrl }, cameras }));
	await until(
		async () => (await (await fetch(`${relay.httpUrl}/api/robots`)).text()).includes('"online":true'),
		robot.text,
	);
	const browser = parts.adopt(await launchChromium(), (one) => one.close());
	const page = await browser.newPage();
	await page.goto(`${relay.httpUrl}/watch/robot1/front`);
	await waitForState(page, "live");
	assert.equal(robot.children().length, 1);
	await relay.kill();
	await relay.start();
	const again = performance.now();
	const viewers = async () => (await fetch(`${relay.httpUrl}/viewers/robot1%2Ffront`)).text();
	await until(async () => (await viewers()).includes('"count":1'), robot.text, BACK_MS);
	await waitForState(page, "live", BACK_MS);
	t.diagnostic(`live again ${((performance.now() - again) / 1000).toFixed(1)} s after the relay was back`);
	await page.close();
	await until(() => robot.children().length === 0, robot.text, BACK_MS);
});
