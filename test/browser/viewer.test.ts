import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { parsePathName } from "../../src/media/path-name.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { until } from "../support/until.ts";
import { Camera } from "./camera.ts";
import { waitForState } from "./chromium.ts";
import { chromiumPages } from "./pages.ts";

const PATIENCE_MS = 20_000;
const LIMIT = { timeout: 60_000 };
const COMMAND =
	"ffmpeg -loglevel error -re -f lavfi -i testsrc2=size=320x240:rate=30 -c:v libx264 -preset ultrafast -tune zerolatency" +
	" -profile:v baseline -pix_fmt yuv420p -g 30 -f rtsp -rtsp_transport tcp rtsp://127.0.0.1:$RTSP_PORT/$MTX_PATH";
const gate = parsePathName("cameras/4")!;
const ID = "56C1CADCF1FA4C6CAEBA3E2FD85EFEBF";

const newPage = chromiumPages({ patience: PATIENCE_MS });

function start(path: object = {}, stream: object = {}): Promise<TestRelay> {
	return startTestRelay({
		paths: { all_others: {}, "cameras/4": { runOnDemand: COMMAND, idleAfter: "500 ms", ...path } },
		streams: { [ID]: { path: "cameras/4", name: "Camera 4", ...stream } },
		access: { anonymous: ["publish", "read"] },
	});
}

const notice = (page: Page) => page.locator("vedette-player .notice");
const button = (page: Page) => page.getByRole("button", { name: "Start Stream" });

test("/viewer by a camera's id asks before it wakes it; autostart does not", LIMIT, async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await start();
	const { demand } = relay.relay.hub;
	const page = await newPage(t);
	await page.goto(`${relay.httpUrl}/viewer?camera=${ID}`);
	await notice(page).getByText("The camera is asleep").waitFor();
	await page.getByRole("heading", { name: "cameras/4" }).waitFor();
	await page.waitForTimeout(1500);
	assert.equal(demand.get(gate)?.state, "idle", "looking at the button wakes nothing");
	await button(page).click();
	await waitForState(page, "live", PATIENCE_MS);
	assert.equal(await button(page).count(), 0);
	const other = await newPage(t);
	await other.goto(`${relay.httpUrl}/viewer?camera=${ID}`);
	await waitForState(other, "live", PATIENCE_MS);
	await other.goto("about:blank");
	await page.goto("about:blank");
	await until(() => demand.get(gate)?.state === "idle", "it sleeps again");
	await page.goto(`${relay.httpUrl}/viewer.html?camera=${ID}&autostart=1`);
	await waitForState(page, "live", PATIENCE_MS);
});

test(
	"/viewer begins when somebody else wakes the camera, and has no button for what cannot be woken",
	LIMIT,
	async (t) => {
		if (!needs(t, "chromium", "ffmpeg")) return;
		await using relay = await start();
		const page = await newPage(t);
		await page.goto(`${relay.httpUrl}/viewer?camera=cameras%2F4`);
		await button(page).waitFor();
		relay.relay.hub.demand.start(gate, { by: { type: "mqtt", user: "", remoteAddress: "" } }).pictures.catch(() => {});
		await waitForState(page, "live", PATIENCE_MS);
		await page.goto(`${relay.httpUrl}/viewer?camera=nothing`);
		await notice(page)
			.getByText(/nobody publishes/i)
			.waitFor();
		assert.equal(await button(page).count(), 0);
	},
);

test(
	"the wait for a camera that starts slowly is told, and goes on longer than a relay's silence may",
	LIMIT,
	async (t) => {
		if (!needs(t, "chromium", "ffmpeg")) return;
		await using relay = await start({ runOnDemand: `sh -c "sleep 6; exec ${COMMAND}"`, startTimeout: "15 s" });
		const page = await newPage(t);
		await page.goto(`${relay.httpUrl}/watch/cameras/4`);
		await notice(page).getByText("Waking the camera").waitFor();
		assert.equal(await page.locator("vedette-player .badge").textContent(), "Starting");
		await waitForState(page, "live", PATIENCE_MS);
		assert.equal(await page.locator("vedette-player .badge").textContent(), "Live", "by the best way");
	},
);

test("a camera that does not start is told in the relay's words", LIMIT, async (t) => {
	if (!needs(t, "chromium")) return;
	await using relay = await start({ runOnDemand: "false", startTimeout: "2 s" });
	const page = await newPage(t);
	await page.goto(`${relay.httpUrl}/watch/cameras/4`);
	await waitForState(page, "waiting", PATIENCE_MS);
	const title = (await notice(page).locator(".title").textContent()) ?? "";
	assert.match(title, /cameras\/4|pictures|ended/, title);
});

test("as many watch as may: a sentence", LIMIT, async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await start({ runOnDemand: "" }, { maxViewers: 1 });
	await using _camera = new Camera(`${relay.rtspUrl}/cameras/4`);
	const first = await newPage(t);
	await first.goto(`${relay.httpUrl}/watch/cameras/4`);
	await waitForState(first, "live", PATIENCE_MS);
	const second = await newPage(t);
	await second.goto(`${relay.httpUrl}/watch/cameras/4`);
	await notice(second).getByText("Maximum viewers (1) reached for stream").waitFor();
	await first.goto("about:blank");
	await waitForState(second, "live", PATIENCE_MS);
});
