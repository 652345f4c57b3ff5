import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { launchChromium } from "./chromium.ts";

const ID = "56C1CADCF1FA4C6CAEBA3E2FD85EFEBF";

/** How a page of another system plays: what it says, and what it is told. */
interface Ways {
	readonly address: string;
	readonly offer: object;
	/** By which key messages are told apart. */
	readonly key: "type" | "id";
	/** Whether it takes candidates from messages alone. */
	readonly trickle: boolean;
}

interface Heard {
	/** Names of the messages that came. */
	readonly names: readonly string[];
	/** The message that refused or ended it; empty where none did. */
	readonly message: string;
	/** Pictures that were shown. */
	readonly frames: number;
}

/** Plays until so many pictures were shown, or something else came to an end. */
function play(page: Page, ways: Ways, frames: number): Promise<Heard> {
	return page.evaluate(
		async ({ address, offer, key, trickle, wanted }) => {
			const socket = new WebSocket(address);
			await new Promise((resolve, reject) => {
				socket.onopen = resolve;
				socket.onerror = () => reject(new Error("no connection"));
			});
			const pc = new RTCPeerConnection();
			for (const kind of ["audio", "video"]) pc.addTransceiver(kind, { direction: "recvonly" });
			const video = document.createElement("video");
			video.muted = true;
			document.body.append(video);
			pc.ontrack = ({ track }) => {
				if (track.kind !== "video") return;
				video.srcObject = new MediaStream([track]);
				void video.play();
			};
			const names: string[] = [];
			let count = 0;
			const message = await new Promise<string>((resolve) => {
				const next = (): void => {
					count += 1;
					if (count >= wanted) resolve("");
					else video.requestVideoFrameCallback(next);
				};
				video.requestVideoFrameCallback(next);
				socket.onmessage = async ({ data }) => {
					const heard = JSON.parse(data);
					names.push(heard[key]);
					if (heard.message !== undefined) return resolve(heard.message);
					if (heard.sdpAnswer) {
						const lines = heard.sdpAnswer.split("\r\n");
						const sdp = lines.filter((line: string) => !trickle || !line.startsWith("a=candidate")).join("\r\n");
						await pc.setRemoteDescription({ type: "answer", sdp });
					} else if (heard.candidate && trickle) await pc.addIceCandidate(heard.candidate);
				};
				pc.onicecandidate = ({ candidate }) => {
					if (candidate) socket.send(JSON.stringify({ [key]: "onIceCandidate", candidate }));
				};
				void pc.setLocalDescription().then(() => {
					socket.send(JSON.stringify({ ...offer, sdpOffer: pc.localDescription?.sdp }));
				});
			});
			socket.send(JSON.stringify({ [key]: "stop" }));
			pc.close();
			socket.close();
			return { names, message, frames: count };
		},
		{ ...ways, wanted: frames },
	);
}

describe("signaling over WebSocket", { timeout: 120_000 }, () => {
	let browser: Browser;
	let relay: TestRelay;
	const parts = new AsyncDisposableStack();

	before(async () => {
		browser = parts.adopt(await launchChromium(), (one) => one.close());
		relay = parts.use(
			await startTestRelay({
				access: { anonymous: ["publish", "read", "api", "metrics", "control"] },
				streams: { [ID]: { path: "robot1/front", maxViewers: 1 } },
				paths: { all_others: { idleAfter: "1 s" } },
			}),
		);
		const camera = { name: "front", source: "sample", publish: `${relay.rtspUrl}/robot1/front` };
		parts.use(await startTestRobot({ name: "robot1", control: { mqtt: relay.mqttUrl }, cameras: [camera] }));
		while (relay.relay.hub.demand.list()[0]?.online !== true) await new Promise((resolve) => setTimeout(resolve, 20));
	});
	after(() => parts.disposeAsync());

	async function onPage<T>(test: (page: Page) => Promise<T>): Promise<T> {
		const page = await browser.newPage();
		try {
			await page.goto(`${relay.httpUrl}/health`);
			return await test(page);
		} finally {
			await page.close();
		}
	}

	const own = (): string => `${relay.httpUrl.replace("http", "ws")}/signaling`;

	it("plays by camera id, and wakes the camera", async () => {
		const offer = { type: "viewer", cameraId: ID, streamId: "any" };
		const heard = await onPage((page) => play(page, { address: own(), offer, key: "type", trickle: false }, 20));
		assert.equal(heard.message, "");
		assert.equal(heard.frames, 20);
		assert.equal(heard.names[0], "viewerResponse");
		assert.ok(heard.names.includes("iceCandidate"));
	});

	it("plays as Kurento's one-to-many tutorial does, at its address, with candidates by messages alone", async () => {
		const address = `${relay.httpUrl.replace("http", "ws")}/one2many?camera=${ID}`;
		const offer = { id: "viewer" };
		const heard = await onPage((page) => play(page, { address, offer, key: "id", trickle: true }, 20));
		assert.equal(heard.message, "");
		assert.equal(heard.frames, 20);
		assert.equal(heard.names[0], "viewerResponse");
	});

	it("has a port of its own, where the only camera need not be named", async () => {
		const address = `ws://127.0.0.1:${relay.relay.ports.signaling[0]}/anything`;
		const heard = await onPage((page) =>
			play(page, { address, offer: { id: "viewer" }, key: "id", trickle: false }, 5),
		);
		assert.equal(heard.message, "");
	});

	it("names a camera that is not there, and a viewer too many", async () => {
		const offer = { type: "viewer", cameraId: "nobody", streamId: "any" };
		const unknown = await onPage((page) => play(page, { address: own(), offer, key: "type", trickle: false }, 5));
		assert.deepEqual(unknown.names, ["error"]);
		assert.match(unknown.message, /nobody/);
		const first = { type: "viewer", cameraId: ID, streamId: "any" };
		await onPage(async (page) => {
			const playing = play(page, { address: own(), offer: first, key: "type", trickle: false }, 60);
			await page.waitForTimeout(1500);
			const second = await onPage((other) =>
				play(other, { address: own(), offer: first, key: "type", trickle: false }, 5),
			);
			assert.match(second.message, /Maximum viewers \(1\) reached/);
			assert.equal((await playing).message, "");
		});
	});

	it("tells a viewer that the camera was stopped", async () => {
		await onPage(async (page) => {
			const offer = { type: "viewer", cameraId: ID, streamId: "any" };
			const playing = play(page, { address: own(), offer, key: "type", trickle: false }, 10_000);
			await page.waitForTimeout(1500);
			const stopped = await fetch(`${relay.httpUrl}/streams/${ID}/stop`, { method: "POST" });
			assert.equal(stopped.status, 200);
			const heard = await playing;
			assert.equal(heard.names.at(-1), "stopped");
			assert.match(heard.message, /stop/);
		});
	});
});
