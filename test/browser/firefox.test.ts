import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { needs, peer } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { Camera } from "./camera.ts";
import { Firefox } from "./firefox.ts";

const PLAYER = `document.querySelector("vedette-app").shadowRoot.querySelector("watch-page").shadowRoot.querySelector("vedette-player")`;

/** Firefox leaves loopback out of its candidates: the relay must be at another address of the machine. */
const outside = Object.values(networkInterfaces())
	.flat()
	.find((address) => address?.family === "IPv4" && !address.internal)?.address;
const reachable = { webrtc: { address: `${outside ?? "127.0.0.1"}:0` } };

/** An expression that waits until the player is in a state, at most 15 s, and gives the state it is in. */
const reach = (state: string): string => `new Promise((resolve) => {
	const end = performance.now() + 15000;
	const timer = setInterval(() => {
		const { state } = ${PLAYER};
		if (state !== "${state}" && performance.now() < end) return;
		clearInterval(timer);
		resolve(state);
	}, 50);
})`;

/** Counts pictures for 3 s. */
const frames = `new Promise((resolve) => {
	const { video } = ${PLAYER};
	let count = 0;
	const next = () => {
		count++;
		video.requestVideoFrameCallback(next);
	};
	video.requestVideoFrameCallback(next);
	setTimeout(() => resolve(count), 3000);
})`;

test("Firefox plays VP8", async (t) => {
	if (!needs(t, "firefox-esr", "ffmpeg")) return;
	await using relay = await startTestRelay(reachable);
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`, "vp8", "320x180");
	await using firefox = await Firefox.launch(peer("firefox-esr") ?? "firefox-esr");
	await firefox.open(`http://127.0.0.1:${relay.relay.ports.http[0]}/watch/robot1/front`);
	assert.equal(await firefox.evaluate<string>(reach("live")), "live");
	const shown = await firefox.evaluate<number>(frames);
	assert.ok(shown >= 30, `${shown} pictures in 3 s`);
	assert.equal((await firefox.evaluate<{ codec: string }>(`${PLAYER}.reading`)).codec, "VP8");
});

test("Firefox whose WebRTC lacks H.264 shows it by WebSocket", async (t) => {
	if (!needs(t, "firefox-esr", "ffmpeg")) return;
	await using relay = await startTestRelay(reachable);
	await using _camera = new Camera(`${relay.rtspUrl}/robot1/front`, "h264");
	await using firefox = await Firefox.launch(peer("firefox-esr") ?? "firefox-esr");
	if (
		await firefox.evaluate(
			`RTCRtpReceiver.getCapabilities("video").codecs.some(({ mimeType }) => /H264/i.test(mimeType))`,
		)
	) {
		return t.skip("this Firefox has H.264");
	}
	await firefox.open(`http://127.0.0.1:${relay.relay.ports.http[0]}/watch/robot1/front`);
	const way = `new Promise((resolve) => {
		const end = performance.now() + 15000;
		const timer = setInterval(() => {
			const route = ${PLAYER}.reading?.route;
			if (!route && performance.now() < end) return;
			clearInterval(timer);
			resolve(route ?? ${PLAYER}.shadowRoot.querySelector(".notice").textContent);
		}, 100);
	})`;
	assert.equal(await firefox.evaluate<string>(way), "TCP, WebSocket");
	const shown = await firefox.evaluate<number>(frames);
	assert.ok(shown >= 30, `${shown} pictures in 3 s`);
});
