import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { VedettePlayer } from "../../web/player/player.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { Camera } from "./camera.ts";
import { pictureRate, waitForState } from "./chromium.ts";
import { chromiumPages } from "./pages.ts";
import { RelayChild } from "./relay-child.ts";

const USER = { name: "ann", password: "correct horse" };
const CLOSED = {
	access: {
		anonymous: [],
		users: [
			{ ...USER, allow: ["read"] },
			{ name: "robot1", password: "battery staple", allow: ["publish"] },
		],
	},
};

const newPage = chromiumPages({ strict: true, viewport: { width: 1280, height: 800 } });

const httpUrl = ({ relay }: TestRelay): string => `http://127.0.0.1:${relay.ports.http[0]}`;

/** Waits until it is so. */
async function expect<T>(look: () => Promise<T>, wanted: T): Promise<void> {
	const until = performance.now() + 5000;
	while ((await look()) !== wanted && performance.now() < until) await new Promise((go) => setTimeout(go, 50));
	assert.equal(await look(), wanted);
}

const badge = (page: Page) => page.locator("vedette-player .badge");

test("shows the stream: first picture, 30 a second, true figures", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	const scripts: string[] = [];
	page.on("request", (request) => request.resourceType() === "script" && scripts.push(request.url()));
	await page.goto(`${httpUrl(relay)}/watch/robot1/front`);
	await waitForState(page, "live");
	await page.waitForTimeout(1500);
	assert.equal(scripts.length, 1, `what only HLS needs is not loaded: ${scripts.join()}`);
	const rate = await pictureRate(page, 3000);
	assert.ok(rate > 25 && rate < 33, `${rate.toFixed(1)} pictures a second`);
	const reading = await page.locator("vedette-player").evaluate((player: VedettePlayer) => player.reading);
	assert.equal(reading?.width, 640);
	assert.equal(reading?.height, 360);
	assert.equal(reading?.lost, 0);
	assert.match(reading?.codec ?? "", /^H\.264/);
	assert.match(reading?.route ?? "", /^UDP, direct$/);
	assert.ok((reading?.buffer ?? 1000) < 100, `pictures wait ${reading?.buffer} ms`);
	assert.equal(await badge(page).textContent(), "Live");
});

test("a camera that falls silent is shown as stalled, with the age of the last picture", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	await using camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/watch/robot1/front`);
	await waitForState(page, "live");
	camera.freeze();
	await waitForState(page, "stalled", 4000);
	await page.getByText("The camera has stopped sending.").first().waitFor({ timeout: 6000 });
	const age = page.locator("vedette-player .age");
	const earlier = Number.parseInt((await age.textContent()) ?? "", 10);
	await page.waitForTimeout(2000);
	const later = Number.parseInt((await age.textContent()) ?? "", 10);
	assert.ok(later - earlier >= 1 && later - earlier <= 3, `${earlier} s, then ${later} s`);
	const filter = await page.locator("vedette-player .screen").evaluate((screen) => getComputedStyle(screen).filter);
	assert.match(filter, /brightness/);
	camera.thaw();
	await waitForState(page, "live", 4000);
});

test("a camera that leaves ends as offline, and its return is live within 3 s", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/watch/robot1/front`);
	await waitForState(page, "waiting");
	assert.equal(await badge(page).textContent(), "Offline");
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	await page.getByText("Live for").waitFor();
	await waitForState(page, "live", 3000);
});

test("a relay that was killed and started again is found within 2 s", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = new RelayChild();
	await relay.start();
	const page = await newPage(t);
	{
		await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
		await page.goto(`${relay.httpUrl}/watch/robot1/front`);
		await waitForState(page, "live");
		await relay.kill();
	}
	await badge(page).getByText("Unreachable").waitFor({ timeout: 8000 });
	await page.getByText("The relay does not answer. The figures").waitFor();
	await relay.start();
	const camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	await using _camera = camera;
	const started = performance.now();
	await waitForState(page, "live", 5000);
	// ffmpeg itself needs the best part of a second to publish.
	assert.ok(performance.now() - started < 3000, `live after ${Math.round(performance.now() - started)} ms`);
});

test("/viewer?camera= and its keys: pause ends the viewer at the relay, i shows figures, s saves a picture", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/viewer?camera=robot1%2Ffront`);
	await waitForState(page, "live");
	await page.keyboard.press("i");
	await page.locator("vedette-player .stats").getByText("H.264").waitFor();
	const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("s")]);
	assert.match(download.suggestedFilename(), /^robot1_front_.*\.png$/);
	await page.keyboard.press(" ");
	await waitForState(page, "idle");
	await page
		.locator("watch-page dl div", { hasText: "Viewers" })
		.getByText("0", { exact: true })
		.waitFor({ timeout: 4000 });
	await page.keyboard.press(" ");
	await waitForState(page, "live");
});

test("a closed relay asks for a login and comes back to where it was", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay(CLOSED);
	const rtsp = relay.rtspUrl.replace("://", "://robot1:battery%20staple@");
	await using _camera = new Camera(`${rtsp}/robot1/front`);
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/watch/robot1/front`);
	assert.equal(new URL(page.url()).pathname, "/login");
	await page.getByLabel("Name").fill(USER.name);
	await page.getByLabel("Password").fill("wrong");
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("alert").getByText("do not fit together").waitFor({ timeout: 10_000 });
	await page.getByLabel("Password").fill(USER.password);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.waitForURL("**/watch/robot1/front");
	await waitForState(page, "live");
	await page.getByText("In another player").click();
	const address = await page.locator("copyable-code[label=address] code").textContent();
	assert.equal(address, `${relay.rtspUrl.replace("://127.0.0.1", `://${USER.name}:PASSWORD@127.0.0.1`)}/robot1/front`);
	await page.getByRole("button", { name: "Sign out" }).click();
	await page.waitForURL("**/login?next=*");
});

test("who is logged in and may not watch is told what is missing, not that the relay is silent", async (t) => {
	if (!needs(t, "chromium")) return;
	await using relay = await startTestRelay(CLOSED);
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/login`);
	await page.getByLabel("Name").fill("robot1");
	await page.getByLabel("Password").fill("battery staple");
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("heading", { name: "robot1 may not watch streams" }).waitFor();
	await page.waitForTimeout(3000);
	assert.equal(await page.getByText("does not answer").count(), 0);
	await page.getByRole("button", { name: "Sign out" }).click();
	await page.waitForURL("**/login?next=*");
});

test("full screen and picture in picture, by the keys and by the buttons", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/watch/robot1/front`);
	await waitForState(page, "live");
	const player = page.locator("vedette-player");
	const wide = () => page.evaluate(() => document.fullscreenElement !== null);
	const apart = () => player.evaluate((element) => element.shadowRoot?.pictureInPictureElement?.tagName ?? "");
	await page.keyboard.press("f");
	await expect(wide, true);
	await player.getByRole("button", { name: "Leave full screen" }).click();
	await expect(wide, false);
	await player.getByRole("button", { name: "Picture in picture" }).click();
	await expect(apart, "VIDEO");
	const rate = await pictureRate(page, 2000);
	assert.ok(rate > 25 && rate < 36, `${rate.toFixed(1)} pictures a second`);
	await page.keyboard.press("p");
	await expect(apart, "");
});

test("on a phone what is wrong stands before the figures", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	const page = await newPage(t, { width: 390, height: 844 });
	await page.goto(`${httpUrl(relay)}/watch/robot1/front`);
	await page.getByText("Nobody publishes").waitFor();
	await page.keyboard.press("i");
	const figures = page.getByRole("region", { name: "Figures", includeHidden: true });
	await figures.waitFor({ state: "attached" });
	assert.equal(await figures.isVisible(), false);
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	await figures.waitFor();
});

test("who may only watch is not told how to publish, nor to sign in where that is done", async (t) => {
	if (!needs(t, "chromium")) return;
	const { access } = CLOSED;
	const elsewhere = { name: "bob", password: "bob", allow: ["read"], paths: ["lobby"] };
	await using relay = await startTestRelay({ access: { ...access, users: [elsewhere] } });
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/login?next=%2Fwatch%2Frobot1%2Ffront`);
	await page.getByLabel("Name").fill("bob");
	await page.getByLabel("Password").fill("bob");
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByText("This is not for you to watch").waitFor();
	await page.goto(`${httpUrl(relay)}/`);
	await page.getByText("Nothing that you may watch is being published").waitFor();
	assert.equal(await page.getByRole("tab").count(), 0);
});

test("the dashboard shows what there is, with a picture of each, and leads there", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/`);
	await page.getByText("No streams yet").waitFor();
	await page.getByRole("tab", { name: "ffmpeg" }).click();
	const command = (await page.locator("copyable-code pre").textContent()) ?? "";
	assert.ok(command.includes(`${relay.rtspUrl}/robot1/front`), command);
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const card = page.locator("stream-card");
	await card.getByText("Live").waitFor();
	await card.locator(".picture:not([data-empty])").waitFor({ timeout: 10_000 });
	const colours = await card.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
		const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
		return new Set(Array.from({ length: 200 }, (_, i) => data[(i * 997 * 4) % data.length])).size;
	});
	assert.ok(colours > 5, `${colours} different values in the thumbnail`);
	await card.getByText("640×360").waitFor();
	await card.click();
	await page.waitForURL("**/watch/robot1/front");
	await waitForState(page, "live");
});

test("a search shows each stream with its own picture, and none where there is none", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	const silent = ["a", "b", "c", "d", "e", "f"].map((name) => [`robot1/${name}`, {}]);
	await using relay = await startTestRelay({ paths: { all_others: {}, ...Object.fromEntries(silent) } });
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`);
	const page = await newPage(t);
	await page.goto(`${httpUrl(relay)}/`);
	await page.locator("stream-card").getByText("Live").waitFor();
	await page.getByRole("searchbox").fill("front");
	await page.locator("stream-card .picture:not([data-empty])").waitFor({ timeout: 10_000 });
	await page.getByRole("searchbox").fill("");
	const pictured = page.locator("stream-card:has(.picture:not([data-empty]))");
	await expect(() => page.locator("stream-card").count(), 7);
	await expect(async () => (await pictured.allTextContents()).length, 1);
	await pictured.getByText("front").waitFor();
});

test("the stand-alone player works on a page of another origin with a token", async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	const server = createServer((_, response) => {
		response.setHeader("Content-Type", "text/html").end(body);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => server.close());
	const address = server.address();
	const origin = `http://localhost:${typeof address === "object" ? address?.port : 0}`;
	await using relay = await startTestRelay({ ...CLOSED, http: { allowOrigins: [origin] } });
	const body = `<!doctype html><script type="module" src="${httpUrl(relay)}/vedette-player.js"></script>
		<vedette-player path="robot1/front" token="${USER.name}:${USER.password}"></vedette-player>`;
	const rtsp = relay.rtspUrl.replace("://", "://robot1:battery%20staple@");
	await using _camera = new Camera(`${rtsp}/robot1/front`);
	const page = await newPage(t);
	await page.goto(origin);
	await waitForState(page, "live");
	const player = page.locator("vedette-player");
	await player.evaluate((element) => element.setAttribute("token", "ann:wrong"));
	await waitForState(page, "unauthorised");
	assert.equal(await badge(page).textContent(), "No access");
});
