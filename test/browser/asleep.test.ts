import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { parsePathName } from "../../src/media/path-name.ts";
import type { VedettePlayer } from "../../web/player/player.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { until } from "../support/until.ts";
import { waitForState } from "./chromium.ts";
import { Gate } from "./gate.ts";
import { chromiumPages } from "./pages.ts";

const PATIENCE_MS = 20_000;
const COMMAND =
	"ffmpeg -loglevel error -re -f lavfi -i testsrc2=size=320x240:rate=30 -c:v libx264 -preset ultrafast -tune zerolatency" +
	" -profile:v baseline -pix_fmt yuv420p -g 30 -f rtsp -rtsp_transport tcp rtsp://127.0.0.1:$RTSP_PORT/$MTX_PATH";

const newPage = chromiumPages({ patience: PATIENCE_MS });

function start(anonymous: readonly string[], settings: object = {}) {
	return startTestRelay({
		paths: { all_others: {}, gate: { runOnDemand: COMMAND, idleAfter: "500 ms" } },
		access: { anonymous },
		...settings,
	});
}

test("the dashboard shows a path that sleeps, wakes it and puts it to sleep", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await start(["publish", "read", "control"]);
	const page = await newPage(t);
	await page.goto(relay.httpUrl);
	const card = page.locator("stream-card");
	await card.getByText("Asleep").waitFor();
	await card.getByText("Wakes when somebody watches").waitFor();
	await card.getByRole("button", { name: "start gate" }).click();
	await card.getByText("Kept awake by api").waitFor();
	await card.getByText("Live", { exact: true }).waitFor();
	await card.getByRole("button", { name: "stop gate" }).click();
	await card.getByText("Asleep").waitFor();
	await page.close();
});

test("a stop sends viewers away, whose players wait for a word of theirs", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await start(["publish", "read"]);
	const { demand } = relay.relay.hub;
	const gate = parsePathName("gate")!;
	const by = { type: "mqtt", user: "bob", remoteAddress: "" };
	const page = await newPage(t);
	await page.goto(`${relay.httpUrl}/watch/gate`);
	await waitForState(page, "live", PATIENCE_MS);
	demand.stop(gate, by);
	await page.locator("vedette-player").getByText("Stopped").first().waitFor();
	await waitForState(page, "idle", PATIENCE_MS);
	await page.waitForTimeout(3000);
	assert.equal(demand.get(gate)?.state ?? "idle", "idle");
	demand.start(gate, { by });
	await page.waitForTimeout(1000);
	await waitForState(page, "idle", PATIENCE_MS);
	await page.locator("vedette-player").evaluate((player: VedettePlayer) => player.start());
	await waitForState(page, "live", PATIENCE_MS);
	await page.close();
});

const hidden = (page: Page, isHidden: boolean): Promise<void> =>
	page.evaluate((value) => {
		Object.defineProperty(document, "hidden", { configurable: true, value });
		document.dispatchEvent(new Event("visibilitychange"));
	}, isHidden);

const wayOf = (page: Page) =>
	page.locator("vedette-player").evaluate(({ reading }: VedettePlayer) => reading?.way ?? null);

const ways = [
	{ way: "udp", upgrades: true, settings: {} },
	{ way: "websocket", upgrades: true, settings: { webrtc: { address: [] } } },
	{ way: "hls", upgrades: false, settings: { webrtc: { address: [] } } },
] as const;

for (const { way, upgrades, settings } of ways) {
	test(`a viewer by ${way} is told of a stop, wakes nothing by waiting, and all by a press of the button`, {
		timeout: 60_000,
	}, async (t) => {
		if (!needs(t, "chromium", "ffmpeg")) return;
		await using relay = await start(["publish", "read"], settings);
		await using proxy = await Gate.open(relay.httpUrl);
		proxy.upgrades = upgrades;
		const { demand } = relay.relay.hub;
		const gate = parsePathName("gate")!;
		const page = await newPage(t);
		await page.goto(`${proxy.url}/watch/gate`);
		await waitForState(page, "live", PATIENCE_MS);
		demand.stop(gate, { type: "mqtt", user: "bob", remoteAddress: "" });
		const { starts } = demand.counters;
		await page.locator("vedette-player .badge").getByText("Stopped").waitFor();
		await waitForState(page, "idle", PATIENCE_MS);
		await hidden(page, true);
		await hidden(page, false);
		await page.waitForTimeout(2500);
		assert.equal(demand.counters.starts, starts, "nothing was woken by itself");
		await page.getByRole("button", { name: "Start Stream" }).click();
		await waitForState(page, "live", PATIENCE_MS);
		await until(async () => (await wayOf(page)) === way, `it comes by ${way}`);
		await page.close();
	});
}

test("a page whose camera sleeps wakes nothing by being seen again", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "chromium")) return;
	await using relay = await start(["publish", "read"]);
	const page = await newPage(t);
	await page.goto(`${relay.httpUrl}/viewer?camera=gate`);
	await page.getByRole("button", { name: "Start Stream" }).waitFor();
	await hidden(page, true);
	await hidden(page, false);
	await page.waitForTimeout(1000);
	assert.equal(relay.relay.hub.demand.counters.starts, 0);
	await page.close();
});

test("a viewer wakes it by looking, and has no buttons without the right to use them", {
	timeout: 60_000,
}, async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await start(["publish", "read"]);
	const page = await newPage(t);
	await page.goto(relay.httpUrl);
	const card = page.locator("stream-card");
	await card.getByText("Asleep").waitFor();
	assert.equal(await card.getByRole("button").count(), 0);
	await page.goto(`${relay.httpUrl}/watch/gate`);
	await waitForState(page, "live", PATIENCE_MS);
	await page.goto(relay.httpUrl);
	await card.getByText("Asleep").waitFor();
	await page.close();
});
