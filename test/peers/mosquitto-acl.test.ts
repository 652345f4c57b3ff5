import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { stringify } from "yaml";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";
import { run } from "./rtsp-programs.ts";

const front = parsePathName("robot1/front") as PathName;
const vedette = join(import.meta.dirname, "../../bin/vedette");
const PATIENCE_MS = 10_000;

const users = [
	{ name: "robot1", password: "r", allow: ["publish"], paths: ["robot1/*"] },
	{ name: "robot2", password: "s", allow: ["publish"], paths: ["robot2/*"] },
	{ name: "pilot", password: "p", allow: ["control"], paths: ["robot1/*"] },
	{ name: "guest", password: "g", allow: ["read"] },
];
const passwords: Record<string, string> = {
	relay: "x",
	...Object.fromEntries(users.map(({ name, password }) => [name, password])),
};

/** What `vedette relay mqtt-acl` prints for these users. */
async function printed(folder: string): Promise<string> {
	const file = join(folder, "vedette.yml");
	writeFileSync(file, stringify({ stateDir: folder, mqtt: { broker: "mqtt://relay:x@127.0.0.1" }, access: { users } }));
	await using program = run("sh", ["-c", `exec ${vedette} relay mqtt-acl --config ${file}`]);
	assert.equal(await program.exit(PATIENCE_MS), 0, program.text());
	return program.output().toString();
}

const ready = (t: TestContext): boolean => needs(t, "mosquitto", "mosquitto_pub", "mosquitto_sub");

test("with the printed rights Mosquitto lets relay and robot work, and nobody do what is not theirs", {
	timeout: 60_000,
}, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const folder = mkdtempSync(join(tmpdir(), "vedette-acl-"));
	parts.defer(() => rmSync(folder, { recursive: true, force: true }));
	const acl = join(folder, "vedette.acl");
	const text = await printed(folder);
	for (const name of ["relay", "robot1", "robot2", "pilot"])
		assert.match(text, new RegExp(`vedette.passwd ${name}$`, "m"));
	writeFileSync(acl, text);
	const broker = parts.use(await startMosquitto({ users: passwords, lines: [`acl_file ${acl}`] }));
	const as = (name: string) => `mqtt://${name}:${passwords[name]}@127.0.0.1:${broker.port}`;
	const access = { failureDelay: "0 s", anonymous: ["publish"], users };
	const relay = parts.use(await startTestRelay({ access, mqtt: { broker: as("relay") } }));
	const { hub } = relay.relay;
	const cameras = [{ name: "front", source: "sample", publish: `${relay.rtspUrl}/robot1/front` }];
	parts.use(await startTestRobot({ name: "robot1", control: { mqtt: as("robot1") }, cameras }));
	await until(() => hub.demand.get(front)?.online, "the robot is there");

	/** The answer to a message: 0, or 135 for "not authorized". */
	const says = async (name: string, topic: string, message: string): Promise<number> => {
		const login = ["-p", `${broker.port}`, "-V", "mqttv5", "-u", name, "-P", passwords[name] ?? ""];
		await using program = run("mosquitto_pub", [...login, "-d", "-q", "1", "-t", topic, "-m", message]);
		await program.exit(PATIENCE_MS);
		return Number(/PUBACK \(Mid: 1, RC:(\d+)\)/.exec(`${program.output()}${program.text()}`)?.[1] ?? -1);
	};
	const set = "vedette/robot1/front/stream/set";
	const order = "vedette/robot1/front/stream/order";
	const start = JSON.stringify({ id: "a", do: "start", expires: Date.now() + 60_000 });
	const gone = '{"state":"offline","session":"x"}';
	const refused = [
		["robot2", "vedette/robot1/available", gone],
		["robot2", "vedette/robot1/front/stream/state", gone],
		["robot2", order, start],
		["robot1", order, start],
		["robot1", set, "start"],
		["robot1", "homeassistant/device/robot1/config", "{}"],
		["pilot", order, start],
		["pilot", "vedette/robot2/front/stream/set", "start"],
		["guest", set, "start"],
	] as const;
	for (const [name, topic, message] of refused) {
		assert.equal(await says(name, topic, message), 135, `${name} on ${topic}`);
	}
	await pause(500);
	assert.equal(hub.demand.get(front)?.state, "idle");
	assert.equal(await says("pilot", set, "start"), 0);
	await until(() => hub.demand.get(front)?.state === "live", "the wish goes to the relay, its order to the robot");
	assert.equal(hub.demand.get(front)?.holds[0]?.by.type, "mqtt");
	assert.equal(await says("pilot", set, "stop"), 0);
	await until(() => hub.demand.get(front)?.state === "idle" && !hub.path(front)?.publication, "and it stops");
});
