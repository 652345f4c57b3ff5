import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import { run } from "../peers/rtsp-programs.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { launchChromium } from "./chromium.ts";

/** What the page has heard when it has played long enough. */
interface Heard {
	readonly codec: string;
	/** Share of the samples that were made up for want of the real ones. */
	readonly concealed: number;
	/** Of the samples, 0 to 1 each, squared and summed over time. */
	readonly energy: number;
}

/** Runs in the page: plays a WHEP address until so many samples came. */
async function listen(url: string): Promise<Heard> {
	const peer = new RTCPeerConnection();
	for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
	const video = document.createElement("video");
	peer.ontrack = ({ streams: [stream] }) => {
		video.srcObject = stream ?? null;
		video.play().catch(() => undefined);
	};
	document.body.append(video);
	const offer = await peer.createOffer();
	await peer.setLocalDescription(offer);
	const headers = { "Content-Type": "application/sdp" };
	const answer = await fetch(url, { method: "POST", headers, body: offer.sdp ?? "" });
	await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
	for (;;) {
		await new Promise((resolve) => setTimeout(resolve, 200));
		const all = [...(await peer.getStats()).values()];
		const sound = all.find((one) => one.type === "inbound-rtp" && one.kind === "audio");
		if ((sound?.totalSamplesReceived ?? 0) < 48_000 * 4) continue;
		return {
			codec: all.find(({ id }) => id === sound.codecId)?.mimeType,
			concealed: (sound.concealedSamples - sound.silentConcealedSamples) / sound.totalSamplesReceived,
			energy: sound.totalAudioEnergy,
		};
	}
}

test("Chromium hears the AAC of an RTMP publisher as Opus", { timeout: 90_000 }, async (t) => {
	if (!needs(t, "ffmpeg", "chromium")) return;
	await using relay = await startTestRelay();
	const picture = [
		"-re",
		"-f",
		"lavfi",
		"-i",
		"testsrc2=size=320x240:rate=30",
		"-re",
		"-f",
		"lavfi",
		"-i",
		"sine=1000",
	];
	const coded = "-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -g 30 -c:a aac";
	const sink = ["-f", "flv", `${relay.rtmpUrl}/cam`];
	await using _publisher = run("ffmpeg", ["-v", "fatal", ...picture, ...coded.split(" "), ...sink]);
	const { hub } = relay.relay;
	while (!hub.path(parsePathName("cam")!)?.stream?.keyFrame(0)) await new Promise((resolve) => setTimeout(resolve, 50));
	await using browser = await launchChromium();
	const page = await browser.newPage();
	await page.goto(`${relay.httpUrl}/health`);
	// Sound begins only for somebody who has touched the page.
	await page.mouse.click(10, 10);
	const heard = await page.evaluate(listen, `${relay.httpUrl}/cam/whep`);
	assert.equal(heard.codec, "audio/opus");
	assert.ok(heard.energy > 0.01, `energy ${heard.energy}`);
	assert.ok(heard.concealed < 0.2, `${heard.concealed} of the samples were made up`);
});
