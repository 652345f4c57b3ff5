import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { brokerFront } from "../support/broker-front.ts";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";

const plain = parsePathName("live/stream") as PathName;
const PLAIN = "robot/stream";
const access = { anonymous: ["publish", "read", "api", "control"] };

const ready = (t: TestContext): boolean => needs(t, "mosquitto", "mosquitto_pub", "mosquitto_sub");

/** What the relay and others say on a topic that the relay listens to, in turns: each is heard once, by whom it is from. */
async function takeTurns(broker: Mosquitto, url: string, parts: AsyncDisposableStack): Promise<void> {
	const mqtt = { broker: url, topics: { [PLAIN]: "live/stream" } };
	const { relay, httpUrl } = parts.use(await startTestRelay({ access, mqtt }));
	const post = (what: "start" | "stop") => fetch(`${httpUrl}/stream/${what}`, { method: "POST" });
	await until(async () => (await post("stop")).status === 200, "the relay is connected");
	const heard: string[] = [];
	relay.hub.demand.listen((event) => {
		if (event.at === "started" || event.at === "stopped") heard.push(`${event.at} by ${event.by.type}`);
	});
	const wanted: string[] = [];
	const turn = async (by: "bridge" | "mqtt", what: "start" | "stop"): Promise<void> => {
		await (by === "bridge" ? post(what) : broker.publish(PLAIN, what));
		wanted.push(`${what === "start" ? "started" : "stopped"} by ${by}`);
		await until(() => heard.length >= wanted.length, `${what} by ${by}`);
		assert.deepEqual(heard, wanted);
	};
	for (let n = 0; n < 3; n++) {
		await turn("bridge", "start");
		await turn("mqtt", "stop");
		await turn("mqtt", "start");
		await turn("mqtt", "start");
		await turn("bridge", "stop");
	}
	// What the broker has passed on before this has been heard before it.
	await turn("mqtt", "start");
	assert.deepEqual(
		relay.hub.demand.get(plain)?.holds.map(({ by }) => by.type),
		["mqtt"],
	);
}

const brokers: readonly (readonly [name: string, no5: Buffer | undefined, asked: readonly number[]])[] = [
	["one that speaks MQTT 5 sends none", undefined, [5]],
	["one that refuses MQTT 5, in its words, is spoken to in 3.1.1", Buffer.from([0x20, 3, 0, 0x84, 0]), [5, 4]],
	["one that refuses MQTT 5 in older words", Buffer.from([0x20, 2, 0, 1]), [5, 4]],
	["one that refuses MQTT 5 without a word", Buffer.alloc(0), [5, 4]],
];

for (const [name, no5, asked] of brokers) {
	test(`what the relay says at another broker is no want of its own: ${name}`, { timeout: 60_000 }, async (t) => {
		if (!ready(t)) return;
		await using parts = new AsyncDisposableStack();
		const broker = parts.use(await startMosquitto());
		const front = parts.use(await brokerFront(broker.port, no5));
		await takeTurns(broker, broker.url.replace(`:${broker.port}`, `:${front.port}`), parts);
		assert.deepEqual(front.asked, asked);
	});
}

test("what a robot with nothing but a topic has missed is said again when the broker can be reached", {
	timeout: 60_000,
}, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const broker = parts.use(await startMosquitto());
	const front = parts.use(await brokerFront(broker.port));
	const url = broker.url.replace(`:${broker.port}`, `:${front.port}`);
	const mqtt = { broker: url, topics: { [PLAIN]: "live/stream" } };
	const { demand } = parts.use(await startTestRelay({ access, mqtt })).relay.hub;
	const isOnline = (): boolean => demand.get(plain)?.online === true;
	await until(isOnline, "the broker is there");
	using heard = await broker.subscribe(PLAIN);
	const by = { type: "test", user: "", remoteAddress: "" };
	const start = (): void => void demand.start(plain, { by }).pictures.catch(() => undefined);
	start();
	await until(() => heard.messages.at(-1)?.text === "start", "it is told to start");
	front.cut();
	await until(() => !isOnline(), "the broker is away");
	demand.stop(plain, by);
	front.restore();
	await until(() => heard.messages.at(-1)?.text === "stop", "it is told to stop");
	front.cut();
	await until(() => !isOnline(), "the broker is away again");
	start();
	front.restore();
	await until(() => heard.messages.at(-1)?.text === "start", "it is told to start again");
});

test("viewers are told again to a broker that has forgotten them", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const broker = parts.use(await startMosquitto());
	const relay = parts.use(await startTestRelay({ access, mqtt: { broker: broker.url } }));
	const cameras = [{ name: "front", source: "sample" as const, publish: `${relay.rtspUrl}/robot1/front` }];
	parts.use(await startTestRobot({ name: "robot1", control: { mqtt: broker.url }, cameras }));
	const told = async (): Promise<string | undefined> => {
		using heard = await broker.subscribe("vedette/robot1/front/viewers");
		return await until(() => heard.messages[0]?.text, "the viewers of its camera");
	};
	assert.equal(await told(), '{"viewers":0}', "as soon as it has come");
	await broker.restart(0);
	assert.equal(await told(), '{"viewers":0}');
});
