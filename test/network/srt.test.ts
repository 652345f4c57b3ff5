import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import { run } from "../peers/rtsp-programs.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import type { Impairment } from "./impair.ts";
import { ImpairedUdp } from "./impair-udp.ts";

const FRAME_BYTES = (320 * 240 * 3) / 2;
const broken = /concealing|error while decoding|corrupt|Invalid data|missing picture|non-existing/i;
const camera = parsePathName("camera")!;

/** What the relay counts of a publisher, as its control API tells it. */
interface Counted {
	readonly packetsReceivedUnique: number;
	readonly packetsReceivedLoss: number;
	readonly packetsReceivedRetrans: number;
	readonly packetsReceivedDrop: number;
	readonly msRTT: number;
}

/** ffmpeg publishes through a bad network; ffmpeg plays so many pictures by RTSP, without an error. */
async function publish(network: Impairment, latencyMs: number, seed: number, frames: number): Promise<Counted> {
	await using relay = await startTestRelay();
	await using proxy = await ImpairedUdp.open(relay.relay.ports.srt[0]!, seed, network, network);
	const url = `srt://127.0.0.1:${proxy.port}?streamid=publish:camera&latency=${latencyMs * 1000}&pkt_size=1316`;
	const source = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30"];
	const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15", "-pix_fmt", "yuv420p"];
	await using publisher = run("ffmpeg", ["-loglevel", "error", ...source, ...codec, "-f", "mpegts", url]);
	for (const end = performance.now() + 20_000; !relay.relay.hub.path(camera)?.publication; ) {
		assert.ok(performance.now() < end, publisher.text());
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	const out = ["-fps_mode", "passthrough", "-frames:v", `${frames}`, "-f", "rawvideo", "pipe:1"];
	const input = ["-rtsp_transport", "tcp", "-i", `${relay.rtspUrl}/camera`];
	await using player = run("ffmpeg", ["-hide_banner", "-loglevel", "warning", ...input, ...out]);
	assert.equal(await player.exit(30_000), 0, player.text());
	assert.equal(player.output().length, frames * FRAME_BYTES);
	assert.doesNotMatch(player.text(), broken);
	const list = await fetch(`${relay.httpUrl}/v3/srtconns/list`);
	return ((await list.json()) as { items: Counted[] }).items[0]!;
}

suite("SRT over a bad network", { concurrency: false }, () => {
	test("5 % loss both ways, round trip 100 ms, latency 500 ms: what is lost is sent again", {
		timeout: 60_000,
	}, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const counted = await publish({ loss: 0.05, delayMs: 50 }, 500, 1, 180);
		const { packetsReceivedUnique: packets, packetsReceivedLoss: lost, packetsReceivedDrop: dropped } = counted;
		t.diagnostic(`${packets} packets, ${lost} lost on the way, ${dropped} for good`);
		assert.ok(lost > packets / 50, `${lost}`);
		assert.ok(dropped <= packets / 1000, `${dropped}`);
		assert.ok(counted.packetsReceivedRetrans < 2 * lost, `${counted.packetsReceivedRetrans} sent again`);
		assert.ok(Math.abs(counted.msRTT - 105) < 25, `${counted.msRTT}`);
	});

	test("20 % loss and little time: what is lost is counted, and readers see whole pictures", {
		timeout: 60_000,
	}, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const counted = await publish({ loss: 0.2, delayMs: 50 }, 130, 2, 60);
		const { packetsReceivedUnique: packets, packetsReceivedDrop: dropped } = counted;
		t.diagnostic(`${packets} packets, ${dropped} lost for good`);
		assert.ok(dropped > 0, `${dropped}`);
	});
});
