import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ask } from "../../src/cli/ask.ts";
import type { RobotInfo } from "../../src/control/page-api.ts";
import type { Hub } from "../../src/hub/hub.ts";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { robotSocket } from "../../src/robot/orders/local-door.ts";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";
import { type Program, run } from "./rtsp-programs.ts";

const front = parsePathName("robot1/front") as PathName;
const settings = { startTimeout: "10 s", idleAfter: "1 s" };
const open = { access: { anonymous: ["publish", "read", "api", "metrics", "control"] } };

function stateOf(hub: Hub): string {
	return hub.demand.get(front)?.state ?? "unknown";
}

/** Plays some frames over RTSP/TCP and ends. */
function plays(relay: TestRelay, frames: number): Program {
	const play = [
		"-analyzeduration",
		"0",
		"-probesize",
		"500000",
		"-rtsp_transport",
		"tcp",
		"-i",
		`${relay.rtspUrl}/robot1/front`,
		"-frames:v",
		`${frames}`,
	];
	return run("ffmpeg", ["-loglevel", "error", ...play, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]);
}

interface Way {
	readonly name: string;
	/** What the relay is told, and the address that the robot connects to. */
	readonly scene: (
		parts: AsyncDisposableStack,
	) => Promise<{ relay: TestRelay; mqtt: string; broker: Mosquitto | undefined }>;
}

const ways: readonly Way[] = [
	{
		name: "the embedded broker",
		scene: async (parts) => {
			const relay = parts.use(await startTestRelay({ ...open, paths: { all_others: settings } }));
			return { relay, mqtt: relay.mqttUrl, broker: undefined };
		},
	},
	{
		name: "the embedded broker, over WebSocket on the web server's port",
		scene: async (parts) => {
			const relay = parts.use(
				await startTestRelay({ ...open, paths: { all_others: settings }, mqtt: { address: [] } }),
			);
			return { relay, mqtt: `${relay.httpUrl.replace("http", "ws")}/mqtt`, broker: undefined };
		},
	},
	{
		name: "Mosquitto",
		scene: async (parts) => {
			const broker = parts.use(await startMosquitto());
			const relay = parts.use(
				await startTestRelay({ ...open, paths: { all_others: settings }, mqtt: { broker: broker.url } }),
			);
			return { relay, mqtt: broker.url, broker };
		},
	},
];

for (const { name, scene } of ways) {
	test(`a viewer wakes the robot and lets it sleep again: ${name}`, { timeout: 60_000 }, async (t: TestContext) => {
		if (!needs(t, "ffmpeg", "mosquitto", "mosquitto_sub")) return;
		await using parts = new AsyncDisposableStack();
		const { relay, mqtt } = await scene(parts);
		const { hub } = relay.relay;
		const publish = `${relay.rtspUrl}/robot1/front`;
		parts.use(
			await startTestRobot({
				name: "robot1",
				control: { mqtt },
				cameras: [{ name: "front", source: "sample", publish }],
			}),
		);
		await until(
			() => stateOf(hub) === "idle" && hub.demand.get(front)?.online,
			() => `the robot is known: ${stateOf(hub)}`,
		);
		assert.equal(hub.path(front)?.publication, undefined);
		await using player = plays(relay, 20);
		assert.equal(await player.exit(20_000), 0, player.text());
		assert.equal(stateOf(hub), "live");
		await until(
			() => stateOf(hub) === "idle",
			() => `it sleeps when the viewer has gone: ${stateOf(hub)}`,
		);
		assert.equal(hub.path(front)?.publication, undefined);
	});
}

/** What the robot said last, as far as the relay has heard it. */
async function isPaused({ httpUrl }: TestRelay): Promise<boolean> {
	const answer = await fetch(`${httpUrl}/api/robots`);
	const { robots } = (await answer.json()) as { robots: readonly RobotInfo[] };
	return robots[0]?.cameras[0]?.paused === true;
}

for (const { name, scene } of ways) {
	test(`who waits or watches is told at once that the camera is paused: ${name}`, { timeout: 60_000 }, async (t) => {
		if (!needs(t, "mosquitto")) return;
		await using parts = new AsyncDisposableStack();
		const { relay, mqtt } = await scene(parts);
		const { hub } = relay.relay;
		const cameras = [{ name: "front", source: "sample", publish: `${relay.rtspUrl}/robot1/front` }];
		const robot = parts.use(await startTestRobot({ name: "robot1", control: { mqtt }, cameras }));
		await until(() => hub.demand.get(front)?.online, "the robot is known");
		const socketPath = robotSocket(robot.stateDir, "robot1");
		const tell = (what: "pause" | "resume") => ask({ socketPath }, "POST", `/${what}/front`);
		const open = async () => {
			const began = performance.now();
			const answer = await fetch(`${relay.httpUrl}/robot1/front/index.m3u8`);
			return { status: answer.status, text: await answer.text(), ms: performance.now() - began };
		};
		await tell("pause");
		const waited = await open();
		assert.equal(waited.status, 404);
		assert.match(waited.text, /paused at the robot/);
		assert.ok(waited.ms < 2000, `${waited.ms} ms`);
		await tell("resume");
		await until(async () => !(await isPaused(relay)), "the relay has heard that it goes on");
		const opened = await open();
		assert.equal(opened.status, 200, opened.text);
		const ends: string[] = [];
		const info = { type: "test", id: "viewer", remoteAddress: "", user: "" };
		hub.read(front, [0], info, { onEnd: (reason) => ends.push(reason), onFrame: () => undefined });
		await tell("pause");
		await until(() => ends.length > 0, "who watches is told");
		assert.deepEqual(ends, ["paused at the robot"]);
		await until(() => !hub.path(front)?.publication, "and the camera is off");
	});
}
