import { launchChromium } from "../../test/browser/chromium.ts";
import { type Bench, inTurn, PATH, publish, type Row, readers, viewers } from "../support/bench.ts";
import { firstPicture } from "../support/browser.ts";
import { camera } from "../support/camera.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { median, type Spread, spread } from "../support/statistics.ts";
import { usual } from "../support/stream.ts";

const WARM_UP_MS = 3000;
const JOINS = 20;
const RUNS = 5;
/** A little at odds with the key frames' two seconds, so that joins fall everywhere between them. */
const BETWEEN_MS = 130;

function row(way: string, candidate: Candidate, { p50, p95 }: Spread, note: string): Row {
	return { way, server: candidate.name, readers: 1, firstP50Ms: p50, firstP95Ms: p95, note };
}

/** RTSP/TCP: from connecting to the last packet of the first key frame; the medians of five runs. */
async function overRtsp(candidate: Candidate): Promise<Row[]> {
	await using server = await candidate.start();
	await using _publisher = await publish(server, usual);
	await using child = readers();
	await pause(WARM_UP_MS);
	const order = { port: server.rtspPort, path: PATH, count: 1, transport: "tcp", listen: true } as const;
	const runs: Spread[] = [];
	for (let run = 0; run < RUNS; run++) {
		const times: number[] = [];
		for (let i = 0; i < JOINS; i++) {
			times.push(await child.ask("firstFrame", order));
			await pause(BETWEEN_MS);
		}
		runs.push(spread(times));
	}
	const middle = { ...runs[0]!, p50: median(runs.map(({ p50 }) => p50)), p95: median(runs.map(({ p95 }) => p95)) };
	return [row("first rtsp-tcp", candidate, middle, `first complete key frame, medians of ${RUNS} × ${JOINS} joins`)];
}

/** A viewer without a decoder: from asking to the last packet of the first key frame. */
async function overWebRtc(candidate: Candidate): Promise<Row[]> {
	await using server = await candidate.start();
	const url = server.whep(PATH);
	if (!url) throw new Error("no WebRTC");
	await using _publisher = await publish(server, usual);
	await using child = viewers();
	await pause(WARM_UP_MS);
	await child.ask("firstFrames", { url, count: 3, width: 1 });
	const times = await child.ask("firstFrames", { url, count: JOINS, width: 1 });
	return [row("first webrtc", candidate, times, `first complete key frame, ${JOINS} joins`)];
}

/** From asking to a picture on Chromium's screen. */
async function inChromium(candidate: Candidate): Promise<Row[]> {
	await using server = await candidate.start();
	const url = server.whep(PATH);
	if (!url) throw new Error("no WebRTC");
	await using _camera = camera(server, "sample");
	const browser = await launchChromium();
	try {
		const page = await browser.newPage();
		await page.goto(server.http("/"), { waitUntil: "commit" });
		await pause(WARM_UP_MS);
		const times: number[] = [];
		for (let i = 0; i < JOINS + 3; i++) {
			times.push(await firstPicture(page, url));
			await pause(BETWEEN_MS);
		}
		const warm = times.slice(3);
		const missing = warm.filter((time) => time < 0).length;
		const note = `first picture in Chromium, ${JOINS} warm joins${missing > 0 ? `, ${missing} without one` : ""}`;
		return [row("first chromium", candidate, spread(warm.filter((time) => time >= 0)), note)];
	} finally {
		await browser.close();
	}
}

export const firstFrame = {
	summary: "time to the first picture: RTSP/TCP, WebRTC, and in Chromium",
	async run(bench: Bench): Promise<Row[]> {
		const others = [bench.vedette, ...bench.peers];
		return [
			...(await inTurn(bench, "first rtsp-tcp", overRtsp, others)),
			...(await inTurn(bench, "first webrtc", overWebRtc, others)),
			...(await inTurn(bench, "first chromium", inChromium, others)),
		];
	},
};
