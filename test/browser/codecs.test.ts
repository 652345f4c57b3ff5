import assert from "node:assert/strict";
import { test } from "node:test";
import type { VedettePlayer } from "../../web/player/player.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { launchChromium, pictureRate, waitForState } from "./chromium.ts";
import { publish } from "./whep-page.ts";

for (const codec of ["AV1", "VP9", "VP8"]) {
	test(`${codec} from a browser to the player, by WebRTC`, async (t) => {
		if (!needs(t, "chromium")) return;
		await using relay = await startTestRelay();
		const browser = await launchChromium();
		t.after(() => browser.close());
		const publisher = await browser.newPage();
		await publisher.goto(`${relay.httpUrl}/login`);
		assert.equal(await publish(publisher, `${relay.httpUrl}/robot1/front/whip`, { codec: `video/${codec}` }), 201);
		const page = await browser.newPage();
		await page.goto(`${relay.httpUrl}/watch/robot1/front`);
		await waitForState(page, "live");
		await page.waitForTimeout(1500);
		const rate = await pictureRate(page, 2000);
		const reading = await page.locator("vedette-player").evaluate((player: VedettePlayer) => player.reading);
		assert.equal(reading?.codec, codec);
		assert.equal(reading?.way, "udp");
		// The sender encodes here as well, on a machine that may be busy.
		assert.ok(rate > 5, `${rate.toFixed(1)} pictures a second`);
	});
}
