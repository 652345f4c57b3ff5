import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { readTimeCode } from "../../src/media/timecode.ts";
import { createLog } from "../../src/observe/log.ts";
import { robotSchema } from "../../src/robot/config.ts";
import { startRobot } from "../../src/robot/robot.ts";
import type { VedettePlayer } from "../../web/player/player.ts";
import type { Way } from "../../web/player/transport.ts";
import { makeLink, type NetworkLink, needsNamespaces } from "../support/netns.ts";
import { needs } from "../support/peers.ts";
import { launchChromium, lookAt, pictureRate, type Shown, waitForState } from "./chromium.ts";
import { Gate } from "./gate.ts";
import { RelayChild } from "./relay-child.ts";

/** Scaled down, the time code can still be read. */
const WIDTH = 256;
const HEIGHT = 144;
const MOST_REPEATED_MS = 250;

interface Scene extends AsyncDisposable {
	readonly relay: RelayChild;
	readonly link: NetworkLink;
	readonly gate: Gate;
}

/** A relay in a network of its own, a robot that publishes there pictures with the time of their capture, and a proxy before its HTTP. */
async function setUp(): Promise<Scene> {
	await using stack = new AsyncDisposableStack();
	const link = stack.use(makeLink({}));
	const relay = stack.use(new RelayChild(link));
	await relay.start();
	const gate = stack.use(await Gate.open(relay.httpUrl));
	const config = robotSchema.parse({
		name: "robot1",
		log: { level: "silent" },
		cameras: [
			{ name: "front", source: "test", size: "640x360", keyframe: 1, publish: `${relay.rtspUrl}/robot1/front` },
		],
	});
	const robot = await startRobot(config, createLog(config.log));
	stack.defer(() => robot.stop());
	const kept = stack.move();
	return { relay, link, gate, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Resolves when the pictures come this way; rejects with the way that they come instead. */
async function comesBy(page: Page, way: Way, timeout: number): Promise<void> {
	const player = page.locator("vedette-player");
	const found = await player.evaluate(
		(element: VedettePlayer, [wanted, limit]) =>
			new Promise<string | null | undefined>((resolve) => {
				const end = performance.now() + limit;
				const timer = setInterval(() => {
					const now = element.reading?.way;
					if (element.state !== "live" || (now !== wanted && performance.now() < end)) return;
					clearInterval(timer);
					resolve(now);
				}, 50);
			}),
		[way, timeout] as const,
	);
	assert.equal(found, way);
}

/** The time codes of pictures, as far as they can be read. */
function timesOf(pixels: readonly string[]): number[] {
	return pixels
		.map((base64) => readTimeCode(Buffer.from(base64, "base64"), WIDTH, HEIGHT, "rgba"))
		.filter((time) => time !== undefined);
}

/** Milliseconds from each picture to the next one that was looked at. */
function stepsOf(times: readonly number[]): number[] {
	return times.slice(1).map((time, i) => time - (times[i] ?? time));
}

/** Looks at pictures: thirty a second, in the order of their capture. */
async function isFluent(t: TestContext, page: Page): Promise<void> {
	let rate = await pictureRate(page, 3000);
	// A machine that is busy for a moment encodes and decodes less.
	for (let tries = 0; rate <= 25 && tries < 3; tries++) rate = await pictureRate(page, 3000);
	const shown = await lookAt(page, 40, WIDTH, HEIGHT);
	const times = timesOf(shown.map(({ pixels }) => pixels));
	const late = (shown.at(-1)?.at ?? 0) - (times.at(-1) ?? 0);
	t.diagnostic(`${rate.toFixed(1)} pictures a second, ${late} ms from capture`);
	// What is caught up is shown up to a quarter faster.
	assert.ok(rate > 25 && rate < 39, `${rate.toFixed(1)} pictures a second`);
	assert.ok(times.length > 30, `${times.length} of ${shown.length} pictures carry a time code`);
	const back = Math.min(...stepsOf(times));
	assert.ok(back >= 0, `a picture is ${-back} ms older than the one before`);
}

/** What is seen, fifteen times a second until the pictures come this way and a second longer. */
function watchUntil(page: Page, way: Way, timeout: number): Promise<Shown[]> {
	return page.locator("vedette-player").evaluate(
		(player: VedettePlayer, [wanted, limit, w, h]) =>
			new Promise<Shown[]>((resolve) => {
				const context = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true });
				const seen: { at: number; data: Uint8ClampedArray }[] = [];
				let end = performance.now() + limit;
				let found = false;
				const timer = setInterval(() => {
					context?.clearRect(0, 0, w, h);
					context?.drawImage(player.video, 0, 0, w, h);
					const data = context?.getImageData(0, 0, w, h).data;
					if (data) seen.push({ at: Date.now(), data });
					if (!found && player.reading?.way === wanted) {
						found = true;
						end = performance.now() + 1000;
					}
					if (performance.now() < end) return;
					clearInterval(timer);
					const encode = (bytes: Uint8ClampedArray) =>
						btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
					resolve(seen.map(({ at, data: bytes }) => ({ at, pixels: encode(bytes) })));
				}, 66);
			}),
		[way, timeout, WIDTH, HEIGHT] as const,
	);
}

/** The way is open again: it is taken before long, and meanwhile there is always a picture, none older than the one before. */
async function comesBack(t: TestContext, page: Page): Promise<void> {
	await page.evaluate(() => dispatchEvent(new Event("online")));
	const seen = await watchUntil(page, "udp", 15_000);
	const times = timesOf(seen.map(({ pixels }) => pixels));
	await comesBy(page, "udp", 1000);
	assert.ok(times.length > seen.length * 0.9, `${times.length} of ${seen.length} looks show a picture`);
	const steps = stepsOf(times);
	const [back, on] = [Math.min(...steps), Math.max(...steps)];
	const passed = Math.max(...stepsOf(seen.map(({ at }) => at)));
	const late = seen.map(({ at }, i) => at - (times[i] ?? at));
	t.diagnostic(
		`from a look to the next ${back} to ${on} ms of pictures, at most ${passed} ms of time; before ${late[5]} ms late, then ${late.at(-1)}`,
	);
	// The better way may be some pictures behind the other, which are then seen twice.
	assert.ok(back >= -MOST_REPEATED_MS, `a picture is ${-back} ms older than the one before`);
}

describe("ways to a picture, each blocked in earnest", { timeout: 120_000 }, () => {
	let browser: Browser | undefined;
	let scene: Scene | undefined;
	before(async () => {
		if (process.getuid?.() !== 0) return;
		scene = await setUp();
		browser = await launchChromium();
	});
	after(async () => {
		await browser?.close();
		await scene?.[Symbol.asyncDispose]();
	});

	/** A page in a profile of its own that watches, and how long its first picture took. */
	async function watch(t: TestContext): Promise<Page> {
		assert.ok(browser && scene);
		const context = await browser.newContext();
		t.after(() => context.close());
		const page = await context.newPage();
		await page.goto(`${scene.gate.url}/watch/robot1/front`);
		const began = performance.now();
		await waitForState(page, "live", 15_000);
		t.diagnostic(`first picture after ${Math.round(performance.now() - began)} ms`);
		return page;
	}

	const badge = (page: Page) => page.locator("vedette-player .badge");
	const peers = ["chromium", "element x264enc", "element appsrc"];

	test("nothing is blocked: WebRTC over UDP", async (t) => {
		if (!needsNamespaces(t) || !needs(t, ...peers)) return;
		const page = await watch(t);
		await comesBy(page, "udp", 3000);
		await isFluent(t, page);
		assert.equal(await badge(page).textContent(), "Live");
	});

	test("UDP is blocked: WebRTC over TCP, and back", async (t) => {
		if (!needsNamespaces(t) || !needs(t, ...peers)) return;
		const { link, relay } = scene!;
		const pass = link.drop("udp", relay.webrtcPort);
		const page = await watch(t);
		await comesBy(page, "tcp", 3000);
		await isFluent(t, page);
		assert.match((await badge(page).textContent()) ?? "", /^Live over TCP/);
		pass();
		await comesBack(t, page);
	});

	test("WebRTC is blocked: WebSocket, and back", async (t) => {
		if (!needsNamespaces(t) || !needs(t, ...peers)) return;
		const { link, relay } = scene!;
		const passes = [link.drop("udp", relay.webrtcPort), link.drop("tcp", relay.webrtcPort)];
		const page = await watch(t);
		await comesBy(page, "websocket", 3000);
		await isFluent(t, page);
		assert.match((await badge(page).textContent()) ?? "", /^Live by WebSocket/);
		for (const pass of passes) pass();
		await comesBack(t, page);
	});

	test("WebRTC and WebSocket are blocked: HLS, and back", async (t) => {
		if (!needsNamespaces(t) || !needs(t, ...peers)) return;
		const { link, relay, gate } = scene!;
		const passes = [link.drop("udp", relay.webrtcPort), link.drop("tcp", relay.webrtcPort)];
		gate.upgrades = false;
		const page = await watch(t);
		await comesBy(page, "hls", 3000);
		await isFluent(t, page);
		assert.match((await badge(page).textContent()) ?? "", /^Live by HLS/);
		for (const pass of passes) pass();
		gate.upgrades = true;
		await comesBack(t, page);
	});
});
