import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import type { VedettePlayer } from "../../web/player/player.ts";
import type { Way } from "../../web/player/transport.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { pictureRate, waitForState } from "./chromium.ts";
import { chromiumPages } from "./pages.ts";
import { publish } from "./whep-page.ts";

const run = promisify(execFile);

const newPage = chromiumPages();

/** What a browser must lack, so that the player takes a way. */
const lacks: Readonly<Record<"udp" | "websocket" | "hls", readonly string[]>> = {
	udp: [],
	websocket: ["RTCPeerConnection"],
	hls: ["RTCPeerConnection", "WebSocket"],
};

/** A page that plays one way, in the codec that was published, with pictures of the right size that move. */
async function plays(
	t: TestContext,
	{ httpUrl }: TestRelay,
	way: Way & keyof typeof lacks,
	codec: string,
): Promise<void> {
	const page = await newPage(t);
	await page.addInitScript((names) => {
		for (const name of names) Reflect.deleteProperty(globalThis, name);
	}, lacks[way]);
	await page.goto(`${httpUrl}/watch/robot1/front`);
	await waitForState(page, "live", 20_000);
	await page.waitForTimeout(1500);
	const rate = await pictureRate(page, 2000);
	const seen = await page.locator("vedette-player").evaluate(({ reading, video }: VedettePlayer) => ({
		...{ codec: reading?.codec, way: reading?.way, size: `${video.videoWidth}x${video.videoHeight}` },
	}));
	t.diagnostic(`${way}: ${rate.toFixed(1)} pictures a second`);
	assert.deepEqual(seen, { codec, way, size: "640x360" });
	// The sender encodes here as well, on a machine that may be busy.
	assert.ok(rate > 5, `${rate.toFixed(1)} pictures a second by ${way}`);
}

async function publishing(t: TestContext, relay: TestRelay, codec: string): Promise<void> {
	const publisher = await newPage(t);
	await publisher.goto(`${relay.httpUrl}/login`);
	assert.equal(await publish(publisher, `${relay.httpUrl}/robot1/front/whip`, { codec: `video/${codec}` }), 201);
}

for (const codec of ["AV1", "VP9", "VP8"]) {
	test(`${codec} from a browser to the player, by WebRTC`, async (t) => {
		if (!needs(t, "chromium")) return;
		await using relay = await startTestRelay();
		await publishing(t, relay, codec);
		await plays(t, relay, "udp", codec);
	});
}

for (const codec of ["AV1", "VP9"]) {
	test(`${codec} from a browser to the player by WebSocket and HLS, and to ffmpeg`, async (t) => {
		if (!needs(t, "chromium", "ffmpeg")) return;
		await using relay = await startTestRelay();
		await publishing(t, relay, codec);
		await plays(t, relay, "websocket", codec);
		await plays(t, relay, "hls", codec);
		const url = `${relay.httpUrl}/robot1/front/index.m3u8`;
		const count = ["-frames:v", "40", "-f", "framecrc", "-"];
		const { stdout, stderr } = await run("ffmpeg", ["-v", "error", "-i", url, "-map", "0:v", ...count], {
			timeout: 30_000,
		});
		assert.equal(stderr, "");
		assert.match(stdout, /^#dimensions 0: 640x360$/m);
		assert.equal(stdout.match(/^0,/gm)?.length, 40);
	});
}
