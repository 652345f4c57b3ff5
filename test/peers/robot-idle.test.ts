import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { makeLink, needsNamespaces } from "../support/netns.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { startRobotProcess } from "../support/robot-process.ts";
import { until } from "../support/until.ts";
import { run } from "./rtsp-programs.ts";

const front = parsePathName("robot1/front") as PathName;
const access = { anonymous: ["publish", "read", "api", "control"] };
const IDLE_AFTER_S = 1;
/** What an idle robot may cost in a minute: keep-alives and a report. */
const MOST_BYTES = 2000;
const MINUTE_MS = 60_000;

interface Way {
	readonly name: string;
	/** The relay's `mqtt` and the broker's address, for a robot that reaches this machine as `here`. */
	readonly broker: (
		here: string,
		parts: AsyncDisposableStack,
	) => Promise<{ mqtt: object; url: (port: number | undefined) => string }>;
}

const ways: readonly Way[] = [
	{
		name: "the embedded broker",
		broker: async (here) => ({ mqtt: { address: `${here}:0` }, url: (port) => `mqtt://${here}:${port}` }),
	},
	{
		name: "Mosquitto",
		broker: async (here, parts) => {
			const { url } = parts.use(await startMosquitto({ host: here }));
			return { mqtt: { broker: url }, url: () => url };
		},
	},
];

/** A robot on a network of its own, a viewer that comes and goes, and a minute in which nothing happens. */
async function prove(t: TestContext, { broker }: Way): Promise<void> {
	await using parts = new AsyncDisposableStack();
	const link = parts.use(makeLink({}));
	const { here } = link;
	const { mqtt, url } = await broker(here, parts);
	const paths = { all_others: { idleAfter: `${IDLE_AFTER_S} s` } };
	const rtsp = { address: `${here}:0` };
	const { relay } = parts.use(await startTestRelay({ access, paths, rtsp, mqtt }));
	const publish = `rtsp://${here}:${relay.ports.rtsp[0]}/robot1/front`;
	const cameras = [{ name: "front", source: "test", publish }];
	const robot = parts.use(
		startRobotProcess({ name: "robot1", control: { mqtt: url(relay.ports.mqtt[0]) }, cameras }, link),
	);
	await until(() => relay.hub.demand.get(front)?.online, robot.text, 30_000);
	assert.deepEqual(robot.children(), []);
	const shown = ["-f", "rawvideo", "-pix_fmt", "gray", "-frames:v", "20", "-y", "/dev/null"];
	await using viewer = run("ffmpeg", ["-loglevel", "error", "-rtsp_transport", "tcp", "-i", publish, ...shown]);
	assert.equal(await viewer.exit(20_000), 0, viewer.text());
	const left = performance.now();
	assert.equal(robot.children().length, 1, "the encoder runs");
	await until(() => robot.children().length === 0, "the encoder is gone");
	const after = (performance.now() - left) / 1000;
	t.diagnostic(`the encoder was gone ${after.toFixed(2)} s after the viewer, with idleAfter ${IDLE_AFTER_S} s`);
	assert.ok(after <= IDLE_AFTER_S + 1, `${after} s`);
	await until(() => robot.connections() === 1, "no connection but the broker's");
	await pause(2000);
	const before = link.sent();
	await pause(MINUTE_MS);
	const bytes = link.sent() - before;
	t.diagnostic(`${bytes} bytes of IP sent in a minute`);
	assert.ok(bytes > 0 && bytes <= MOST_BYTES, `${bytes} bytes`);
	assert.equal(robot.connections(), 1);
	assert.deepEqual(robot.children(), []);
}

suite("a robot that nobody watches", { concurrency: true }, () => {
	for (const way of ways) {
		test(way.name, { timeout: 150_000 }, async (t) => {
			if (!needs(t, "ffmpeg", "mosquitto", "ip", "element x264enc") || !needsNamespaces(t)) return;
			await prove(t, way);
		});
	}
});
