import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import type { VedettePlayer } from "../../web/player/player.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { Camera } from "./camera.ts";
import { pictureRate, waitForState } from "./chromium.ts";
import { chromiumPages } from "./pages.ts";

const newPage = chromiumPages();

/** The way that the pictures come by, as the viewer is told. */
function way(page: Page): Promise<string | null | undefined> {
	return page.locator("vedette-player").evaluate(
		(player: VedettePlayer) =>
			new Promise<string | null | undefined>((resolve) => {
				const told = () => player.reading?.route && resolve(player.reading.route);
				player.addEventListener("reading", told);
				told();
			}),
	);
}

/** Seconds between what is seen and the newest picture that the browser has. */
function behind(page: Page): Promise<number> {
	return page
		.locator("vedette-player")
		.evaluate(({ video }: VedettePlayer) => video.buffered.end(video.buffered.length - 1) - video.currentTime);
}

/** Watches and says how long the first picture took, in milliseconds. */
async function watch(page: Page, url: string): Promise<number> {
	await page.goto(url);
	const began = performance.now();
	await waitForState(page, "live");
	return performance.now() - began;
}

/** Waits until two seconds have been played without a jump: what the player joined with is decoded by then. */
async function hasSettled(page: Page): Promise<void> {
	await page.locator("vedette-player").evaluate(
		({ video }: VedettePlayer) =>
			new Promise<void>((resolve) => {
				let from = video.currentTime;
				video.addEventListener("seeking", () => {
					from = video.currentTime;
				});
				video.addEventListener("timeupdate", () => video.currentTime - from > 2 && resolve());
			}),
	);
}

/** Waits until the relay knows that the pictures come in another order, and a second longer: there is something to join with. */
async function isReordered(relay: TestRelay): Promise<void> {
	for (let tries = 0; tries < 100; tries++) {
		const response = await fetch(`${relay.httpUrl}/api/streams`);
		const { streams }: { streams: { tracks: { webrtc: boolean }[] }[] } = await response.json();
		if (streams[0]?.tracks[0]?.webrtc === false) break;
		await new Promise((go) => setTimeout(go, 50));
	}
	await new Promise((go) => setTimeout(go, 1500));
}

interface Beginning {
	readonly pictures: readonly { readonly at: number; readonly count: number }[];
	readonly jumps: number;
}

/** Notes each picture of the page from the first one on, and each jump. */
async function noteTheBeginning(page: Page): Promise<() => Promise<Beginning>> {
	await page.addInitScript(() => {
		const noted = { pictures: [] as { at: number; count: number }[], jumps: 0 };
		Object.assign(globalThis, { noted });
		const known = new WeakSet<HTMLVideoElement>();
		const request = HTMLVideoElement.prototype.requestVideoFrameCallback;
		HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
			if (!known.has(this)) this.addEventListener("seeking", () => noted.jumps++);
			known.add(this);
			return request.call(this, (at, data) => {
				noted.pictures.push({ at, count: data.presentedFrames });
				callback(at, data);
			});
		};
	});
	return () => page.evaluate(() => (globalThis as unknown as { noted: Beginning }).noted);
}

/** The first two seconds are as smooth as those that follow. */
function beganSmoothly(t: TestContext, { pictures, jumps }: Beginning): void {
	const begun = pictures[0]?.at ?? 0;
	const seen = pictures.filter(({ at }) => at - begun < 2000);
	const count = (seen.at(-1)?.count ?? 0) - (seen[0]?.count ?? 0) + 1;
	const pause = Math.max(...seen.slice(1).map(({ at }, i) => at - (seen[i]?.at ?? at)));
	t.diagnostic(`${count} pictures in the first 2 s, the longest pause ${Math.round(pause)} ms, ${jumps} jumps`);
	assert.ok(count >= 50 && count < 80, `${count} pictures in the first two seconds`);
	assert.ok(pause < 350, `a pause of ${Math.round(pause)} ms`);
	assert.equal(jumps, 1);
}

async function isFluent(page: Page): Promise<void> {
	await hasSettled(page);
	const rate = await pictureRate(page, 2000);
	assert.ok(rate > 25 && rate < 36, `${rate.toFixed(1)} pictures a second`);
	assert.equal(await way(page), "TCP, WebSocket");
	const late = await behind(page);
	assert.ok(late < 0.5, `${late.toFixed(2)} s behind what has arrived`);
}

test("a relay without WebRTC is watched by WebSocket at once", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay({ webrtc: { address: [] } });
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	const took = await watch(page, `${relay.httpUrl}/watch/robot1/front`);
	t.diagnostic(`first picture after ${Math.round(took)} ms`);
	await isFluent(page);
});

test("pictures that are shown in another order than decoded, smooth from the first on", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`, "reordered");
	await isReordered(relay);
	const page = await newPage(t);
	const beginning = await noteTheBeginning(page);
	await watch(page, `${relay.httpUrl}/watch/robot1/front`);
	await isFluent(page);
	beganSmoothly(t, await beginning());
});

test("what WebRTC cannot carry is not offered again until it is another stream", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	const page = await newPage(t);
	let offers = 0;
	page.on("request", (request) => {
		if (request.method() === "POST" && request.url().endsWith("/whep")) offers++;
	});
	{
		await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`, "reordered");
		await isReordered(relay);
		await watch(page, `${relay.httpUrl}/watch/robot1/front`);
		assert.equal(await way(page), "TCP, WebSocket");
		assert.equal(offers, 1);
		await page.evaluate(() => dispatchEvent(new Event("online")));
		await page.waitForTimeout(2000);
		assert.equal(offers, 1);
	}
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`, "vp8");
	await page
		.locator("vedette-player .badge")
		.getByText(/^Live$/)
		.waitFor({ timeout: 20_000 });
	assert.equal(await way(page), "UDP, direct");
});

test("where no candidate is reached WebSocket begins beside WebRTC, and is what is tried first the next time", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	await page.addInitScript(() => {
		type Set = (this: RTCPeerConnection, description: RTCSessionDescriptionInit) => Promise<void>;
		const setRemoteDescription: Set = RTCPeerConnection.prototype.setRemoteDescription;
		RTCPeerConnection.prototype.setRemoteDescription = function (description: RTCSessionDescriptionInit) {
			const sdp = description.sdp?.replaceAll(/a=candidate.*\r\n/g, "") ?? "";
			return setRemoteDescription.call(this, { ...description, sdp });
		};
	});
	const url = `${relay.httpUrl}/watch/robot1/front`;
	const first = await watch(page, url);
	assert.ok(first > 1000 && first < 4500, `first picture after ${first.toFixed(0)} ms`);
	await isFluent(page);
	const again = await watch(page, url);
	assert.ok(again < 1900, `${again.toFixed(0)} ms`);
	assert.equal(await way(page), "TCP, WebSocket");
});
