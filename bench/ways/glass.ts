import { readTimeCode } from "../../src/media/timecode.ts";
import { launchChromium } from "../../test/browser/chromium.ts";
import { type Bench, inTurn, PATH, type Row } from "../support/bench.ts";
import { type ShownPicture, watch } from "../support/browser.ts";
import { camera } from "../support/camera.ts";
import { pause } from "../support/clock.ts";
import type { Candidate, Server } from "../support/server.ts";
import { median, spread } from "../support/statistics.ts";

const WARM_UP_MS = 4000;
const WIDTH = 256;
const HEIGHT = 144;
const FPS = 30;

/** Mean milliseconds that a batch was in the relay, by its own metrics; NaN where there are none. */
async function relayDelayMs(server: Server): Promise<number> {
	const text = await fetch(server.http("/metrics")).then((response) => response.text());
	const value = (name: string) => Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)`, "m").exec(text)?.[1] ?? Number.NaN);
	return (value("vedette_relay_delay_seconds_sum") / value("vedette_relay_delay_seconds_count")) * 1000;
}

function capturedAt({ pixels }: ShownPicture): number {
	return readTimeCode(Buffer.from(pixels, "base64"), WIDTH, HEIGHT, "rgba") ?? Number.NaN;
}

/** From the moment a picture is made to the moment its pixels can be read in Chromium, and where the time goes. */
async function measure(bench: Bench, candidate: Candidate): Promise<Row[]> {
	await using server = await candidate.start();
	const url = server.whep(PATH);
	if (!url) throw new Error("no WebRTC");
	await using _camera = camera(server, "test");
	const browser = await launchChromium();
	try {
		const page = await browser.newPage();
		await page.goto(server.http("/"), { waitUntil: "commit" });
		await pause(WARM_UP_MS);
		const { pictures, jitterBufferMs } = await watch(page, {
			url,
			pictures: bench.seconds * FPS,
			width: WIDTH,
			height: HEIGHT,
		});
		const read = pictures.map((picture) => ({ ...picture, captured: capturedAt(picture) }));
		const good = read.filter(({ captured }) => !Number.isNaN(captured));
		const total = spread(good.map(({ at, captured }) => at - captured));
		const relay = await relayDelayMs(server);
		const toBrowser = median(good.map(({ received, captured }) => received - captured));
		const decode = median(good.map((picture) => picture.decode));
		const parts = [
			`capture and encode ${(toBrowser - (Number.isNaN(relay) ? 0 : relay)).toFixed(1)}`,
			`relay ${relay.toFixed(1)}`,
			`jitter buffer ${jitterBufferMs.toFixed(1)} and decode ${decode.toFixed(1)}`,
			`to the pixels ${(total.p50 - toBrowser - jitterBufferMs - decode).toFixed(1)}`,
		];
		const note = `ms: ${parts.join(", ")}; ${good.length} of ${pictures.length} pictures read`;
		return [{ way: "glass", server: candidate.name, readers: 1, delayP50Ms: total.p50, delayP99Ms: total.p99, note }];
	} finally {
		await browser.close();
	}
}

export const glass = {
	summary: "from a robot's test camera to Chromium's pixels",
	run: (bench: Bench) =>
		inTurn(bench, "glass", (candidate) => measure(bench, candidate), [bench.vedette, ...bench.peers]),
};
