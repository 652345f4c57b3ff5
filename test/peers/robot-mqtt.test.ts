import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import { parseAvailability, parseStateReport, parseStats, type StateReport } from "../../src/wire/robot-messages.ts";
import { type Mosquitto, type Subscription, startMosquitto } from "../support/mosquitto.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot, type TestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";

const STATE = "vedette/robot1/front/stream/state";
const AVAILABLE = "vedette/robot1/available";
const TOPIC = "robot/stream";

/** A broker, a relay that takes the stream, a robot on demand, and everything that is said. */
interface Scene extends AsyncDisposable {
	readonly broker: Mosquitto;
	readonly relay: TestRelay;
	readonly robot: TestRobot;
	readonly heard: Subscription;
	/** The newest state that was told. */
	state(): StateReport | undefined;
	isPublishing(): boolean;
}

async function scene(control: object = {}, camera: object = {}): Promise<Scene> {
	await using parts = new AsyncDisposableStack();
	const broker = parts.use(await startMosquitto());
	const relay = parts.use(await startTestRelay());
	const heard = parts.use(await broker.subscribe("#"));
	const robot = parts.use(
		await startTestRobot({
			name: "robot1",
			control: { mqtt: broker.url, topic: TOPIC, ...control },
			cameras: [{ name: "front", source: "sample", publish: `${relay.rtspUrl}/robot1/front`, ...camera }],
		}),
	);
	const name = parsePathName("robot1/front")!;
	const state = (): StateReport | undefined => {
		const last = heard.messages.findLast(({ topic }) => topic === STATE);
		return last && parseStateReport(last.text);
	};
	await until(() => state()?.state === "idle", "the robot says that it is idle");
	const all = parts.move();
	return {
		broker,
		relay,
		robot,
		heard,
		state,
		isPublishing: () => relay.relay.hub.path(name)?.publication !== undefined,
		[Symbol.asyncDispose]: () => all.disposeAsync(),
	};
}

const ready = (t: TestContext): boolean => needs(t, "mosquitto", "mosquitto_sub", "mosquitto_pub");

test("the topic of a plain broker starts and stops the robot", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using s = await scene();
	assert.equal(s.isPublishing(), false);
	await s.broker.publish(TOPIC, "start");
	await until(() => s.state()?.state === "live", "live");
	await until(s.isPublishing, "the relay has it");
	await s.broker.publish(TOPIC, "nonsense");
	await s.broker.publish(TOPIC, "stop");
	await until(() => s.state()?.state === "idle", "idle again");
	await until(() => !s.isPublishing(), "the relay hears the goodbye");
	const states = s.heard.messages
		.filter(({ topic }) => topic === STATE)
		.map(({ text }) => parseStateReport(text)?.state);
	const changes = states.filter((state, i) => state !== states[i - 1]);
	assert.deepEqual(changes, ["idle", "starting", "live", "stopping", "idle"]);
});

test("set and order on the camera's own topics; a kept command is an old one", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using s = await scene();
	await s.broker.publish("vedette/robot1/front/stream/set", '{"do":"start","maxBitrate":900}');
	await until(() => s.state()?.state === "live", "live");
	await s.broker.publish("vedette/robot1/front/stream/set", "OFF");
	await until(() => s.state()?.state === "idle", "idle");
	const order = (id: string, what: string, expires: number): Promise<void> =>
		s.broker.publish("vedette/robot1/front/stream/order", JSON.stringify({ id, do: what, expires }));
	await order("a", "start", Date.now() - 1000);
	await until(() => s.state()?.late === 1, "the late order is counted");
	assert.equal(s.state()?.state, "idle");
	await order("b", "start", Date.now() + 10_000);
	await until(() => s.state()?.state === "live" && s.state()?.order === "b", "the order is obeyed and answered");
	await order("c", "stop", Date.now() + 10_000);
	await until(() => s.state()?.state === "idle" && s.state()?.order === "c", "stopped");
	await order("b", "start", Date.now() + 10_000);
	await until(() => s.state()?.order === "b", "a repeated order is answered again");
	assert.equal(s.state()?.state, "idle");
	await s.broker.publish(TOPIC, "start", "-r");
	await until(() => s.state()?.state === "live", "what is published now is obeyed, kept or not");
	await s.broker.publish(TOPIC, "stop");
	await until(() => s.state()?.state === "idle", "idle");
	await s.broker.restart(0);
	const before = s.heard.messages.length;
	await until(() => s.heard.messages.slice(before).some(({ topic }) => topic === AVAILABLE), "it came back");
	assert.equal(s.state()?.state, "idle");
});

test("of a thousand orders at once each is answered, and the last one done", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using s = await scene();
	const before = s.heard.messages.length;
	const expires = Date.now() + 60_000;
	const orders = Array.from({ length: 1000 }, (_, n) => ({ id: randomUUID(), do: n % 2 ? "stop" : "start", expires }));
	await s.broker.publishAll(
		"vedette/robot1/front/stream/order",
		orders.map((order) => JSON.stringify(order)),
	);
	const began = performance.now();
	const reports = (): StateReport[] =>
		s.heard.messages
			.slice(before)
			.flatMap(({ topic, text }) => (topic === STATE ? (parseStateReport(text) ?? []) : []));
	const answered = (): Set<string> => new Set(reports().flatMap(({ order = "", orders = [order] }) => orders));
	await until(
		() => answered().size >= orders.length,
		() => `${answered().size} orders are answered`,
	);
	const ms = Math.round(performance.now() - began);
	t.diagnostic(`all were answered ${ms} ms after the last one was sent, in ${reports().length} messages`);
	assert.deepEqual(
		orders.filter(({ id }) => !answered().has(id)),
		[],
	);
	await until(() => s.state()?.state === "idle", "what the last one says is done");
	assert.equal(s.state()?.order, orders.at(-1)?.id);
});

test("a robot that is cut off is offline by its will; it comes back with a new session", {
	timeout: 60_000,
}, async (t) => {
	if (!ready(t)) return;
	await using s = await scene();
	const sessions = (): (string | undefined)[] =>
		s.heard.messages
			.filter(({ topic }) => topic === AVAILABLE)
			.map(({ text }) => parseAvailability(text))
			.filter((said) => said?.state === "online")
			.map((said) => said?.session);
	await s.broker.restart(500);
	using again = await s.broker.subscribe(AVAILABLE);
	await until(() => again.messages.some(({ text }) => parseAvailability(text)?.state === "online"), "online again");
	const now = parseAvailability(again.messages.findLast(({ text }) => text.includes("online"))!.text);
	assert.notEqual(now?.session, sessions()[0]);
	await s.robot.stop();
	await until(() => again.messages.some(({ text }) => parseAvailability(text)?.state === "offline"), "says goodbye");
});

test("triggers and pauses at the robot, and its figures", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using s = await scene({ http: "127.0.0.1:0" }, { trigger: { topics: ["robot1/bumper"], time: "2 s" } });
	await s.broker.publish("robot1/bumper", "hit");
	const live = await until(() => s.state()?.state === "live" && s.state(), "a topic starts it");
	assert.equal(live.trigger?.name, "robot1/bumper");
	await until(() => s.state()?.state === "idle", "until its time is over");
	const url = `http://127.0.0.1:${s.robot.httpPorts[0]}`;
	const fromPage = await fetch(`${url}/trigger/front`, { method: "POST", headers: { origin: "http://evil.example" } });
	assert.equal(fromPage.status, 403);
	assert.equal((await fetch(`${url}/pause`, { method: "POST" })).status, 404);
	const pulled = await fetch(`${url}/trigger/front?name=dog&seconds=20`, { method: "POST" });
	assert.equal(pulled.status, 200);
	await until(() => s.state()?.state === "live" && s.state()?.trigger?.name === "dog", "a request starts it");
	const stats = await until(() => {
		const told = s.heard.messages.findLast(({ topic }) => topic === "vedette/robot1/front/stats");
		const figures = told && parseStats(told.text);
		return figures && figures.fps > 10 && figures;
	}, "figures");
	assert.ok(stats.bitrate > 50, `${stats.bitrate} kbit/s`);
});
