import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFilm, Feed } from "../peers/rtsp-feed.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { launchChromium } from "./chromium.ts";
import { beginPlaying, watchPlaying } from "./whep-page.ts";

test("Chromium sees nothing but a gap where another publisher takes over, also across wraps", {
	timeout: 60_000,
}, async (t) => {
	if (!needs(t, "chromium", "ffmpeg")) return;
	await using relay = await startTestRelay();
	const url = `${relay.rtspUrl}/camera`;
	const film = encodeFilm();
	// The timestamps come round while the page plays, and the sequence numbers of both publishers too.
	const first = await Feed.open(url, film, 1188, { sequence: 65_400, timestamp: 2 ** 32 - 180_000 });
	const stopFirst = first.run();
	const browser = await launchChromium();
	t.after(() => browser.close());
	const page = await browser.newPage();
	await page.goto(`${relay.httpUrl}/health`);
	await page.setContent("<video muted playsinline></video>");
	assert.equal(await beginPlaying(page, `${relay.httpUrl}/camera/whep`, {}), 201);
	const before = await watchPlaying(page, 3);
	assert.ok(before.received > 80, `${before.received} pictures from the first publisher`);
	stopFirst();
	const second = await Feed.open(url, film, 1188, { sequence: 17, timestamp: 5 });
	const stopSecond = second.run();
	t.after(() => {
		stopSecond();
		second.client.close();
	});
	const after = await watchPlaying(page, 3);
	assert.ok(after.received > 80, `${after.received} pictures from the second publisher`);
	assert.equal(after.packetsLost, 0);
	assert.equal(after.framesDropped, before.framesDropped);
	const [path] = relay.relay.hub.paths;
	assert.equal(path!.stream!.counters.joins, 1, "the page has not connected again");
});
