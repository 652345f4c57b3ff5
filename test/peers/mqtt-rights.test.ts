import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { mosquittoClient } from "../support/mosquitto.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";
import { run } from "./rtsp-programs.ts";

const front = parsePathName("robot1/front") as PathName;
const PATIENCE_MS = 10_000;

const access = {
	anonymous: [],
	failureDelay: "0 s",
	users: [
		{ name: "robot1", password: "r", allow: ["publish"], paths: ["robot1/*"] },
		{ name: "viewer", password: "v", allow: ["api"] },
		{ name: "pilot", password: "p", allow: ["control"], paths: ["robot1/*"] },
	],
};

const ready = (t: TestContext): boolean => needs(t, "mosquitto_pub", "mosquitto_sub");

async function closedRelay(parts: AsyncDisposableStack) {
	const relay = parts.use(await startTestRelay({ access }));
	const port = relay.relay.ports.mqtt[0]!;
	return { hub: relay.relay.hub, port, as: (login: string) => `mqtt://${login}@127.0.0.1:${port}` };
}

type Version = "mqttv311" | "mqttv5";

/** `mosquitto_pub` by one user; gives its exit code and what it said. */
async function publishes(port: number, version: Version, [user, password]: readonly [string, string], topic: string) {
	const login = ["-h", "127.0.0.1", "-p", `${port}`, "-V", version, "-u", user, "-P", password];
	const message = ["-d", "-q", "1", "-t", topic, "-m", '{"state":"offline","session":"x"}'];
	await using program = run("mosquitto_pub", [...login, ...message]);
	const status = await program.exit(PATIENCE_MS);
	return { status, said: program.output() + program.text() };
}

const robot1 = ["robot1", "r"] as const;
const pilot = ["pilot", "p"] as const;
const topics: readonly (readonly [who: readonly [string, string], topic: string, allowed: boolean])[] = [
	[robot1, "vedette/robot1/available", true],
	[robot1, "robot1/bumper", true],
	[robot1, "vedette/robot2/available", false],
	[robot1, "vedette/robot1/front/stream/order", false],
	[robot1, "vedette/robot1/front/stream/set", false],
	[robot1, "vedette/robot1/time", false],
	[robot1, "homeassistant/device/robot1/config", false],
	[pilot, "vedette/robot1/front/stream/set", true],
	[pilot, "vedette/robot2/front/stream/set", false],
	[pilot, "vedette/robot1/front/stream/state", false],
];

for (const version of ["mqttv311", "mqttv5"] as const) {
	test(`who may publish where: ${version}`, { timeout: 60_000 }, async (t) => {
		if (!ready(t)) return;
		await using parts = new AsyncDisposableStack();
		const { port } = await closedRelay(parts);
		for (const [who, topic, allowed] of topics) {
			const { status, said } = await publishes(port, version, who, topic);
			const what = `${who[0]} on ${topic}: ${said}`;
			if (allowed) {
				assert.equal(status, 0, what);
				assert.match(said, /received PUBACK \(Mid: 1, RC:0\)/, what);
			} else if (version === "mqttv5") assert.match(said, /received PUBACK \(Mid: 1, RC:135\)/, what);
			else {
				assert.notEqual(status, 0, what);
				assert.doesNotMatch(said, /PUBACK/, what);
			}
		}
	});
}

test("nobody takes a robot's place or marks it offline; who has no business here does not get in", {
	timeout: 60_000,
}, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const { hub, port, as } = await closedRelay(parts);
	const cameras = [{ name: "front", source: "sample", publish: "rtsp://127.0.0.1:1/robot1/front" }];
	parts.use(await startTestRobot({ name: "robot1", control: { mqtt: as("robot1:r") }, cameras }));
	await until(() => hub.demand.get(front)?.online, "the robot is there");
	const login = ["-h", "127.0.0.1", "-p", `${port}`, "-t", "#", "-W", "2"];
	const come = async (...options: string[]) => {
		await using program = run("mosquitto_sub", [...login, ...options]);
		await program.exit(PATIENCE_MS);
		return program.text();
	};
	const changes: string[] = [];
	for (const version of ["mqttv311", "mqttv5"]) {
		const other = await come("-V", version, "-i", "vedette-robot1", "-u", "pilot", "-P", "p");
		assert.match(other, /not authori[sz]ed/i);
		assert.match(await come("-V", version), /not authori[sz]ed/i, "without a name");
		assert.match(await come("-V", version, "-u", "robot1", "-P", "x"), /not authori[sz]ed/i, "a wrong password");
		changes.push(`${hub.demand.get(front)?.online}`);
	}
	// The robot itself may say so, of a session that is none of now.
	await mosquittoClient(["-h", "127.0.0.1", "-p", `${port}`, "-u", "robot1", "-P", "r"]).publish(
		"vedette/robot1/available",
		'{"state":"offline","session":"an older one"}',
	);
	changes.push(`${hub.demand.get(front)?.online}`);
	assert.deepEqual(changes, ["true", "true", "true"]);
	assert.equal((await publishes(port, "mqttv5", robot1, "vedette/robot1/available")).status, 0);
});
