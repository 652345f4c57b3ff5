import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { type BrokerScene, brokerWays } from "../support/brokers.ts";
import { makeCertificate } from "../support/certificate.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot, type TestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";
import { run } from "./rtsp-programs.ts";

const front = parsePathName("robot1/front") as PathName;
const plain = parsePathName("live/stream") as PathName;
const SET = "vedette/robot1/front/stream/set";
const PLAIN = "robot/stream";
const access = { anonymous: ["publish", "read", "api", "control"] };
/** Brokers and robots answer each of a thousand orders. */
const STORM_MS = 30_000;
const all_others = { idleAfter: "1 s" };

const ready = (t: TestContext): boolean => needs(t, "ffmpeg", "mosquitto", "mosquitto_pub", "mosquitto_sub");

async function robotAt({ rtspUrl, relay }: TestRelay, mqtt: string): Promise<TestRobot> {
	const cameras = [{ name: "front", source: "sample", publish: `${rtspUrl}/robot1/front` }];
	const robot = await startTestRobot({ name: "robot1", control: { mqtt }, cameras });
	await until(() => relay.hub.demand.get(front)?.online, "the robot is there");
	return robot;
}

/** A robot that knows nothing but a topic, as a shell script: `start` begins ffmpeg, `stop` ends it. */
function plainRobot(url: string, publish: string): Disposable {
	const film = "-re -f lavfi -i testsrc2=size=320x240:rate=30 -c:v libx264 -preset ultrafast -tune zerolatency -g 30";
	const script = `stdbuf -oL mosquitto_sub -L "$1/${PLAIN}" | while read -r word; do
		case "$word" in
			start) [ -n "$camera" ] || { ffmpeg -nostdin -loglevel error ${film} -pix_fmt yuv420p -f rtsp -rtsp_transport tcp "$2" & camera=$!; } ;;
			stop) [ -z "$camera" ] || kill "$camera"; camera= ;;
		esac
	done`;
	const shell = spawn("sh", ["-c", script, "robot", url, publish], { detached: true, stdio: "ignore" });
	return { [Symbol.dispose]: () => process.kill(-shell.pid!) };
}

const isLive = ({ relay }: BrokerScene, path: PathName) => relay.relay.hub.path(path)?.publication !== undefined;

for (const way of brokerWays) {
	test(`a thousand orders in a second end in what the last one says: ${way.name}`, { timeout: 90_000 }, async (t) => {
		if (!ready(t)) return;
		await using parts = new AsyncDisposableStack();
		const scene = await way.open(parts);
		const { hub } = scene.relay.relay;
		parts.use(await robotAt(scene.relay, scene.url));
		const storm = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? "start" : "stop"));
		await scene.client.publishAll(SET, storm);
		await until(() => hub.demand.get(front)?.state === "idle" && !isLive(scene, front), "it sleeps", STORM_MS);
		await pause(2000);
		assert.equal(hub.demand.get(front)?.state, "idle");
		assert.equal(isLive(scene, front), false);
		await scene.client.publishAll(SET, [...storm, "start"]);
		await until(() => hub.demand.get(front)?.state === "live" && isLive(scene, front), "it is live", STORM_MS);
		await pause(2000);
		assert.equal(hub.demand.get(front)?.state, "live");
		assert.equal(hub.demand.get(front)?.holds.length, 1);
	});

	test(`a robot that knows only a topic: ${way.name}`, { timeout: 60_000 }, async (t) => {
		if (!ready(t)) return;
		await using parts = new AsyncDisposableStack();
		const settings = { paths: { all_others }, mqtt: { topics: { [PLAIN]: "live/stream" } } };
		const scene = await way.open(parts, settings);
		const { relay, httpUrl, rtspUrl } = scene.relay;
		using heard = await scene.client.subscribe(PLAIN);
		const words = (): readonly string[] => heard.messages.map(({ text }) => text);
		parts.use(plainRobot(scene.url, `${rtspUrl}/live/stream`));
		const shown = ["-frames:v", "20", "-f", "null", "-"];
		await using viewer = run("ffmpeg", ["-rtsp_transport", "tcp", "-i", `${rtspUrl}/live/stream`, ...shown]);
		assert.equal(await viewer.exit(20_000), 0, viewer.text());
		assert.equal(words().at(-1), "start");
		await until(() => !isLive(scene, plain), "it sleeps when the viewer is gone");
		assert.equal(words().at(-1), "stop");
		const before = words().length;
		const started = await fetch(`${httpUrl}/stream/start`, { method: "POST" });
		assert.deepEqual(await started.json(), { msg: "Published start" });
		await until(() => isLive(scene, plain), "the bridge starts it");
		assert.equal(words()[before], "start");
		assert.equal(relay.hub.demand.get(plain)?.holds[0]?.by.type, "bridge");
		await scene.client.publish(PLAIN, "stop");
		await until(() => !isLive(scene, plain), "mosquitto_pub stops it");
		await scene.client.publish(PLAIN, "start");
		await until(() => isLive(scene, plain), "and starts it");
		assert.equal(relay.hub.demand.get(plain)?.holds[0]?.by.type, "mqtt");
		await fetch(`${httpUrl}/stream/stop`, { method: "POST" });
		await until(() => !isLive(scene, plain), "the bridge stops it");
	});

	test(`Home Assistant is told when a robot comes and when it starts itself: ${way.name}`, {
		timeout: 60_000,
	}, async (t) => {
		if (!ready(t)) return;
		await using parts = new AsyncDisposableStack();
		const scene = await way.open(parts);
		using heard = await scene.client.subscribe("homeassistant/device/robot1/config");
		parts.use(await robotAt(scene.relay, scene.url));
		await until(() => heard.messages.length === 1, "announced");
		const { dev, cmps } = JSON.parse(heard.messages[0]!.text);
		assert.equal(dev.name, "robot1");
		assert.equal(cmps.robot1_front_stream.command_topic, SET);
		await scene.client.publish("homeassistant/status", "offline");
		await scene.client.publish("homeassistant/status", "online");
		await until(() => heard.messages.length === 2, "announced again");
		assert.equal(heard.messages[1]!.text, heard.messages[0]!.text);
		using later = await scene.client.subscribe("homeassistant/device/robot1/config");
		await until(() => later.messages.length === 1, "kept for who comes later");
		assert.equal(later.messages[0]!.retained, true);
	});
}

test("commands that a broker kept are old ones, for the relay and for the robot", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const broker = parts.use(await startMosquitto());
	await broker.publish(SET, "start", "-r");
	await broker.publish(PLAIN, "start", "-r");
	const expires = Date.now() + 60_000;
	await broker.publish("vedette/robot1/front/stream/order", JSON.stringify({ id: "a", do: "start", expires }), "-r");
	const relay = parts.use(await startTestRelay({ access, mqtt: { broker: broker.url } }));
	parts.use(await robotAt(relay, broker.url));
	await pause(2000);
	const camera = relay.relay.hub.demand.get(front);
	assert.deepEqual([camera?.state, camera?.holds, camera?.online], ["idle", [], true]);
	await broker.publish(SET, "start");
	await until(() => relay.relay.hub.demand.get(front)?.state === "live", "a new one counts");
});

test("another broker in TLS, with a certificate of an authority of one's own", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const tls = parts.use(makeCertificate());
	const broker = parts.use(await startMosquitto({ tls }));
	const mqtt = { broker: broker.url, topics: { [PLAIN]: "live/stream" } };
	const relay = parts.use(await startTestRelay({ access, mqtt: { ...mqtt, ca: tls.cert } }));
	const stranger = parts.use(await startTestRelay({ access, mqtt }));
	using heard = await broker.subscribe(PLAIN);
	const start = ({ httpUrl }: TestRelay) => fetch(`${httpUrl}/stream/start`, { method: "POST" });
	await until(async () => (await start(relay)).status === 200, "the relay is connected");
	await until(() => heard.messages.length > 0, "it is heard");
	const refused = await start(stranger);
	assert.equal(refused.status, 503);
	assert.match(await refused.text(), /broker is away.*self.signed/i);
});

test("without its broker the bridge says so, and works again when it is back", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const broker = parts.use(await startMosquitto());
	const mqtt = { broker: broker.url, topics: { [PLAIN]: "live/stream" } };
	const { httpUrl } = parts.use(await startTestRelay({ access, mqtt }));
	const start = () => fetch(`${httpUrl}/stream/start`, { method: "POST" });
	await until(async () => (await start()).status === 200, "connected");
	await broker.kill();
	await until(async () => (await start()).status === 503, "away");
	const refused = await start();
	assert.match(await refused.text(), /broker is away: \w+/);
	assert.ok(Number(refused.headers.get("retry-after")) > 0);
	await broker.restart(0);
	await until(async () => (await start()).status === 200, "back", 30_000);
});
