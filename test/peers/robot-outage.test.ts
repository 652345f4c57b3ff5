import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { RelayChild } from "../browser/relay-child.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { makeLink, needsNamespaces } from "../support/netns.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { startRobotProcess } from "../support/robot-process.ts";
import { until } from "../support/until.ts";
import { run } from "./rtsp-programs.ts";

const front = parsePathName("robot1/front") as PathName;
const access = { anonymous: ["publish", "read", "api", "control"] };
const CUT_MS = 30_000;
/** A robot that could not reach its broker waits up to 20 s before it tries again. */
const BACK_MS = 40_000;

const ready = (t: TestContext): boolean => needs(t, "ffmpeg", "mosquitto", "element x264enc");

/** Plays 20 pictures; gives ffmpeg's exit code. */
async function plays(url: string): Promise<number | null> {
	const shown = ["-frames:v", "20", "-f", "null", "-"];
	await using viewer = run("ffmpeg", ["-loglevel", "error", "-rtsp_transport", "tcp", "-i", url, ...shown]);
	return await viewer.exit(20_000);
}

interface Camera {
	readonly state: string;
	readonly viewer_count: number;
}

/** What the relay says of the camera; undefined while it sleeps or nobody answers. */
async function camera(httpUrl: string): Promise<Camera | undefined> {
	try {
		const answer = await fetch(`${httpUrl}/streams/robot1%2Ffront`);
		return answer.ok ? ((await answer.json()) as { stream: Camera }).stream : undefined;
	} catch {
		return undefined;
	}
}

suite("a robot and its relay, when something fails", { concurrency: true }, () => {
	test("the relay is killed while live: the start lasts, the robot is back, its viewer too", {
		timeout: 120_000,
	}, async (t) => {
		if (!ready(t)) return;
		await using parts = new AsyncDisposableStack();
		const relay = parts.use(new RelayChild(undefined, { access }));
		await relay.start();
		const publish = `${relay.rtspUrl}/robot1/front`;
		const cameras = [{ name: "front", source: "test", publish }];
		const robot = parts.use(startRobotProcess({ name: "robot1", control: { mqtt: relay.mqttUrl }, cameras }));
		const start = () => fetch(`${relay.httpUrl}/streams/robot1%2Ffront/start`, { method: "POST" });
		await until(async () => (await start()).status === 201, robot.text, 30_000);
		assert.equal(await plays(publish), 0);
		await relay.kill();
		await relay.start();
		const again = performance.now();
		await until(async () => (await camera(relay.httpUrl))?.state === "active", robot.text, BACK_MS);
		t.diagnostic(`live again ${((performance.now() - again) / 1000).toFixed(1)} s after the relay was back`);
		assert.equal(await plays(publish), 0);
		const stopped = await fetch(`${relay.httpUrl}/streams/robot1%2Ffront/stop`, { method: "POST" });
		assert.equal(stopped.status, 200);
		await until(() => robot.children().length === 0, robot.text, BACK_MS);
		assert.equal(await camera(relay.httpUrl), undefined);
	});

	test("the broker is killed while live: nobody loses a picture, and orders come again", {
		timeout: 120_000,
	}, async (t) => {
		if (!ready(t)) return;
		await using parts = new AsyncDisposableStack();
		const broker = parts.use(await startMosquitto());
		const relay = parts.use(await startTestRelay({ access, mqtt: { broker: broker.url } }));
		const { hub } = relay.relay;
		const cameras = [{ name: "front", source: "test", publish: `${relay.rtspUrl}/robot1/front` }];
		const robot = parts.use(startRobotProcess({ name: "robot1", control: { mqtt: broker.url }, cameras }));
		await until(() => hub.demand.get(front)?.online, robot.text, 30_000);
		const by = { type: "api", user: "", remoteAddress: "" };
		await hub.demand.start(front, { by }).pictures;
		const publication = hub.path(front)?.publication;
		await broker.kill();
		await until(() => hub.demand.get(front)?.online === false, "the relay notices");
		assert.equal(await plays(`${relay.rtspUrl}/robot1/front`), 0);
		await broker.restart(0);
		await until(() => hub.demand.get(front)?.online, robot.text, BACK_MS);
		await pause(1000);
		assert.equal(hub.demand.get(front)?.state, "live");
		assert.equal(hub.path(front)?.publication, publication, "the same stream all the time");
		hub.demand.stop(front, by);
		await until(() => robot.children().length === 0, "the robot obeys as before");
		assert.equal(hub.demand.get(front)?.state, "idle");
	});

	test("the robot's network is cut for 30 s while live: it is back by itself", { timeout: 150_000 }, async (t) => {
		if (!ready(t) || !needsNamespaces(t)) return;
		await using parts = new AsyncDisposableStack();
		const link = parts.use(makeLink({}));
		const at = { address: `${link.here}:0` };
		const { relay, httpUrl } = parts.use(await startTestRelay({ access, rtsp: at, mqtt: at }));
		const { hub } = relay;
		const publish = `rtsp://${link.here}:${relay.ports.rtsp[0]}/robot1/front`;
		const mqtt = `mqtt://${link.here}:${relay.ports.mqtt[0]}`;
		const cameras = [{ name: "front", source: "test", publish }];
		const robot = parts.use(startRobotProcess({ name: "robot1", control: { mqtt }, cameras }, link));
		await until(() => hub.demand.get(front)?.online, robot.text, 30_000);
		const by = { type: "mqtt", user: "", remoteAddress: "" };
		await hub.demand.start(front, { by }).pictures;
		link.set("down");
		await until(() => !hub.path(front)?.publication, "the relay notices", CUT_MS);
		await pause(CUT_MS);
		link.set("up");
		const again = performance.now();
		await until(() => hub.path(front)?.publication && hub.demand.get(front)?.state === "live", robot.text, BACK_MS);
		t.diagnostic(`live again ${((performance.now() - again) / 1000).toFixed(1)} s after the network was back`);
		assert.equal(await plays(publish), 0);
		const stopped = await fetch(`${httpUrl}/streams/robot1%2Ffront/stop`, { method: "POST" });
		assert.equal(stopped.status, 200);
		await until(() => robot.children().length === 0, robot.text, BACK_MS);
	});
});
