import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import type { VedettePlayer } from "../../web/player/player.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { Camera } from "./camera.ts";
import { pictureRate, waitForState } from "./chromium.ts";
import { Gate } from "./gate.ts";
import { chromiumPages } from "./pages.ts";

const newPage = chromiumPages();

/** The way that the pictures come by, as the viewer is told. */
function way(page: Page): Promise<string | null | undefined> {
	return page.locator("vedette-player").evaluate(({ reading }: VedettePlayer) => reading?.way);
}

/** Waits until so many seconds have been played in one go: a browser that plays by itself may begin more than once. */
async function untilPlayed(page: Page, seconds: number, timeout: number): Promise<void> {
	const played = await page.locator("vedette-player").evaluate(
		({ video }: VedettePlayer, [wanted, limit]) =>
			new Promise<number>((resolve) => {
				const end = performance.now() + limit;
				const timer = setInterval(() => {
					const lengths = Array.from(
						{ length: video.played.length },
						(_, i) => video.played.end(i) - video.played.start(i),
					);
					const total = lengths.reduce((a, b) => a + b, 0);
					if (total < wanted && performance.now() < end) return;
					clearInterval(timer);
					resolve(total);
				}, 50);
			}),
		[seconds, timeout] as const,
	);
	assert.ok(played >= seconds, `${played.toFixed(1)} s were played`);
}

/** Watches for a while and sees thirty pictures a second by HLS. */
async function playsByHls(t: TestContext, page: Page): Promise<void> {
	await waitForState(page, "live", 15_000);
	await untilPlayed(page, 4, 20_000);
	let rate = await pictureRate(page, 3000);
	// A machine that is busy for a moment encodes and decodes less.
	for (let tries = 0; rate <= 25 && tries < 3; tries++) rate = await pictureRate(page, 3000);
	t.diagnostic(`${rate.toFixed(1)} pictures a second`);
	assert.equal(await way(page), "hls");
	assert.ok(rate > 25 && rate < 39, `${rate.toFixed(1)} pictures a second`);
}

/** A web site of its own with one page. */
async function openSite(t: TestContext, body: () => string): Promise<string> {
	const server = createServer((_, response) => void response.setHeader("Content-Type", "text/html").end(body()));
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => server.close());
	const address = server.address();
	return `http://localhost:${typeof address === "object" ? address?.port : 0}`;
}

test("on a page of another site with a token, where nothing but HTTP passes", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	let body = "";
	const site = await openSite(t, () => body);
	const users = [
		{ name: "ann", password: "correct horse", allow: ["read"] },
		{ name: "robot1", password: "battery staple", allow: ["publish"] },
	];
	const closed = { access: { anonymous: [], users }, http: { allowOrigins: [site] }, webrtc: { address: [] } };
	await using relay = await startTestRelay(closed);
	await using gate = await Gate.open(relay.httpUrl);
	gate.upgrades = false;
	body = `<!doctype html><script type="module" src="${gate.url}/vedette-player.js"></script>
		<vedette-player path="robot1/front" token="ann:correct horse"></vedette-player>`;
	const rtsp = relay.rtspUrl.replace("://", "://robot1:battery%20staple@");
	await using _camera = new Camera(`${rtsp}/robot1/front`);
	const page = await newPage(t);
	await page.goto(site);
	await playsByHls(t, page);
});

test("a browser without media sources plays HLS by itself", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay({ webrtc: { address: [] } });
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	await page.addInitScript(() => {
		for (const name of ["MediaSource", "ManagedMediaSource"]) Reflect.deleteProperty(globalThis, name);
	});
	await page.goto(`${relay.httpUrl}/watch/robot1/front`);
	await playsByHls(t, page);
});

test("a browser that has only managed media sources uses them", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay({ webrtc: { address: [] } });
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	await page.addInitScript(() => {
		Object.assign(globalThis, { ManagedMediaSource: MediaSource });
		Reflect.deleteProperty(globalThis, "MediaSource");
	});
	await page.goto(`${relay.httpUrl}/watch/robot1/front`);
	await waitForState(page, "live", 15_000);
	await page.waitForTimeout(1500);
	assert.equal(await way(page), "websocket");
});
