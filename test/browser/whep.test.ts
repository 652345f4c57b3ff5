import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { parseAddress } from "../../src/config/address.ts";
import { launchChromium } from "./chromium.ts";
import { beginPlaying, type Played, play, publish, restartIce, watchPlaying } from "./whep-page.ts";
import { Network } from "./whep-proxy.ts";
import { type FfmpegCamera, publishFfmpeg, sources, startRoom, until, type WhepRoom } from "./whep-room.ts";

/** Nearly all that the camera sent in that time came whole, and some of it was shown: the machine may be busy. */
function assertMoving({ received, frames, seconds }: Played, camera: FfmpegCamera): void {
	const sent = camera.pictures(seconds);
	assert.ok(received > sent * 0.75 && sent > 0, `${received} pictures came of ${sent} in ${seconds} s`);
	assert.ok(frames > 5, `${frames} pictures were shown in ${seconds} s`);
}

describe("Chromium", { timeout: 120_000 }, () => {
	let browser: Browser;
	before(async () => {
		browser = await launchChromium();
	});
	after(() => browser?.close());

	async function onPage(room: WhepRoom, test: (page: Page) => Promise<void>): Promise<void> {
		const page = await browser.newPage();
		try {
			await page.goto(`${room.url}/`);
			await test(page);
		} finally {
			await page.close();
		}
	}

	/** A stream whose key frame is in the cache. */
	async function liveRoom(source: keyof typeof sources, threads = 0) {
		const stack = new AsyncDisposableStack();
		const room = stack.use(await startRoom({}, { threads }));
		const camera = stack.use(await publishFfmpeg(room.hub, "live", sources[source]));
		const { stream } = camera.publication;
		await until("pictures", () => stream.ring.join >= 0);
		return { room, camera, stream, url: `${room.url}/live/whep`, [Symbol.asyncDispose]: () => stack.disposeAsync() };
	}

	for (const { only, threads } of [
		{ only: "udp", threads: 0 },
		{ only: "udp", threads: 1 },
		{ only: "tcp", threads: 0 },
	] as const) {
		it(`plays H.264 over ${only} with ${threads} sender threads`, async () => {
			await using live = await liveRoom("baseline", threads);
			await onPage(live.room, async (page) => {
				const played = await play(page, live.url, { seconds: 2, only });
				assert.equal(played.codec, "video/H264");
				assert.equal(played.protocol, only);
				assert.equal(played.width, 320);
				assertMoving(played, live.camera);
				assert.equal(played.packetsLost, 0);
				assert.ok(played.firstFrameMs < 1_500, `first picture after ${played.firstFrameMs} ms`);
				const [session] = live.room.server.list();
				assert.equal(session?.peerConnectionEstablished, true);
				assert.match(String(session?.remoteCandidate), new RegExp(`^prflx/${only}/127\\.0\\.0\\.1/\\d+$`));
			});
		});
	}

	it("plays over IPv6", async () => {
		await using room = await startRoom({ address: [parseAddress("[::1]:0")!] });
		await using camera = await publishFfmpeg(room.hub, "live", sources.baseline);
		await until("pictures", () => camera.publication.stream.ring.join >= 0);
		await onPage(room, async (page) => {
			assertMoving(await play(page, `${room.url}/live/whep`, { seconds: 1 }), camera);
			assert.match(String(room.server.list()[0]?.remoteAddr), /^\[::1\]:\d+$/);
		});
	});

	it("plays VP8", async () => {
		await using live = await liveRoom("vp8");
		await onPage(live.room, async (page) => {
			const played = await play(page, live.url, { seconds: 2 });
			assert.equal(played.codec, "video/VP8");
			assertMoving(played, live.camera);
		});
	});

	it("is told why a stream with B-frames is not played", async () => {
		await using live = await liveRoom("bframes");
		await until("B-frames", () => live.stream.intakes[0]?.reordered === true);
		await onPage(live.room, async (page) => {
			assert.equal(await beginPlaying(page, live.url, {}), 422);
			assert.match(await page.evaluate(() => String((globalThis as { refusal?: string }).refusal)), /B-frames/);
		});
	});

	describe("whatever its network does", { concurrency: 2 }, () => {
		it("gets what the network loses again", async () => {
			await using live = await liveRoom("baseline");
			await using network = await Network.open(live.room.server.ports[0]!, 1);
			await onPage(live.room, async (page) => {
				await play(page, live.url, { seconds: 1, only: "udp", port: network.port });
				network.lossOut = 0.05;
				const played = await watchPlaying(page, 3);
				assert.ok(network.lost > 5, `${network.lost} datagrams were lost`);
				assert.ok(played.nacks > 0);
				assertMoving(played, live.camera);
			});
		});

		it("goes on from another address", async () => {
			await using live = await liveRoom("baseline");
			await using network = await Network.open(live.room.server.ports[0]!, 1);
			await onPage(live.room, async (page) => {
				await play(page, live.url, { seconds: 1, only: "udp", port: network.port });
				const before = live.room.server.list()[0]?.remoteAddr;
				await network.move();
				await until("the new address", () => live.room.server.list()[0]?.remoteAddr !== before);
				const played = await watchPlaying(page, 2);
				assertMoving(played, live.camera);
				assert.equal(live.room.server.list().length, 1);
			});
		});

		it("goes on over TCP when its network begins to block UDP", async () => {
			await using live = await liveRoom("baseline");
			await using network = await Network.open(live.room.server.ports[0]!, 1);
			await onPage(live.room, async (page) => {
				await play(page, live.url, { seconds: 1, port: network.port });
				assert.match(String(live.room.server.list()[0]?.remoteCandidate), /^prflx.udp/);
				network.cut = true;
				// Chromium drops the connections that it does not need: it tries them again when asked to.
				assert.equal(await restartIce(page), 200);
				const candidate = () => String(live.room.server.list()[0]?.remoteCandidate);
				await until("TCP", () => candidate().startsWith("prflx/tcp"), 20_000);
				assertMoving(await watchPlaying(page, 2), live.camera);
			});
		});

		it("goes on after an ICE restart", async () => {
			await using live = await liveRoom("baseline");
			await onPage(live.room, async (page) => {
				await play(page, live.url, { seconds: 1 });
				const before = live.room.server.list()[0]?.remoteAddr;
				assert.equal(await restartIce(page), 200);
				await until("the new address", () => live.room.server.list()[0]?.remoteAddr !== before);
				const played = await watchPlaying(page, 2);
				assertMoving(played, live.camera);
			});
		});

		it("publishes by WHIP over a network that loses packets", async () => {
			await using room = await startRoom();
			await using network = await Network.open(room.server.ports[0]!, 2);
			network.lossIn = 0.03;
			await onPage(room, async (publisher) => {
				assert.equal(await publish(publisher, `${room.url}/cam/whip`, { port: network.port }), 201);
				await onPage(room, async (viewer) => {
					await until("a key frame", () => ([...room.hub.paths][0]?.stream?.ring.join ?? -1) >= 0);
					const played = await play(viewer, `${room.url}/cam/whep`, { seconds: 4 });
					assert.ok(played.received > 10, `${played.received} pictures came`);
					assert.ok(played.frames > 5);
					assert.ok(played.audioPackets > 100);
					const session = () => room.server.list().find((one) => one.state === "publish");
					await until("lost packets are asked for", () => Number(session()?.inboundRTPPacketsAsked) > 0, 20_000);
				});
			});
		});
	});
});
