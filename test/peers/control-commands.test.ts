import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { needs } from "../support/peers.ts";
import { here } from "../support/recipe-here.ts";
import { blockOf } from "../support/recipe-page.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";
import { type Program, run } from "./rtsp-programs.ts";

const front = parsePathName("robot1/front") as PathName;
const plain = parsePathName("live/stream") as PathName;
const ID = "56C1CADCF1FA4C6CAEBA3E2FD85EFEBF";
const PATIENCE_MS = 20_000;
const access = { anonymous: ["publish", "read", "api", "control"] };

/** A command of a recipe or of another system's documents, with this relay in the place of its server. */
function local(command: string, { relay }: TestRelay): string {
	const { http, rtsp, mqtt } = relay.ports;
	const places = { http: http[0]!, rtsp: rtsp[0]!, rtmp: 0, srt: 0, udp: 0, camera: 0 };
	const named = command
		.replaceAll(/http:\/\/(localhost|camera\.pahwa\.net):8080/g, "http://SERVER:8080")
		.replaceAll("CAMERA_ID", ID)
		.replaceAll("<mqtt passwd>", "secret123")
		.replaceAll("SERVER:1883", `127.0.0.1:${mqtt[0]}`)
		.replaceAll(/(mosquitto_\w+) -h (SERVER|localhost)/g, `$1 -h 127.0.0.1 -p ${mqtt[0]}`);
	return here(named, places);
}

const shell = (command: string, relay: TestRelay): Program =>
	run("bash", ["-o", "pipefail", "-c", local(command, relay)]);

/** What a command prints; it has to succeed. */
async function answer(command: string, relay: TestRelay): Promise<string> {
	await using program = shell(command, relay);
	assert.equal(await program.exit(PATIENCE_MS), 0, `${command}: ${program.text()}${program.output()}`);
	return program.output().toString();
}

async function robotOf(relay: TestRelay, mqtt: string, publish: string) {
	const cameras = [{ name: "front", source: "sample", publish }];
	const robot = await startTestRobot({ name: "robot1", control: { mqtt }, cameras });
	await until(() => relay.relay.hub.demand.get(front)?.online, "the robot is there");
	return robot;
}

/** As a service with Kurento has them printed, and what each has to say. */
const printed: readonly (readonly [command: string, expected: RegExp])[] = [
	[`curl -X POST http://localhost:8080/streams/${ID}/start`, /"state":"active"/],
	["curl http://camera.pahwa.net:8080/health", /"status":"healthy"/],
	["curl -I http://camera.pahwa.net:8080/viewer", /200 OK/],
	["curl http://localhost:8080/streams/CAMERA_ID", /"stream":\{.*"state":"active"/],
	["curl http://localhost:8080/viewers | python3 -m json.tool", /"viewers": \[/],
	["curl http://localhost:8080/viewers/CAMERA_ID | python3 -m json.tool", /"camera_id": "56C1/],
	["curl http://localhost:8080/health | python3 -m json.tool", /"kurento_connected": true,\n\s+"active_streams": 1/],
	["curl -X POST http://localhost:8080/streams/CAMERA_ID/stop", /"state":"stopped"/],
	[
		`curl -X POST http://localhost:8080/streams/CAMERA_ID/start \\
  -H "Content-Type: application/json" \\
  -d '{"max_bandwidth": 3000, "min_bandwidth": 300}'`,
		/"state":"active"/,
	],
];

const ready = (t: TestContext): boolean => needs(t, "curl", "python3", "mosquitto_sub", "mosquitto_pub", "ffmpeg");

test("the commands of a service with Kurento, as printed, where everybody may", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const relay = parts.use(await startTestRelay({ access, streams: { [ID]: { path: "robot1/front" } } }));
	parts.use(await robotOf(relay, relay.mqttUrl, `${relay.rtspUrl}/robot1/front`));
	for (const [command, expected] of printed) assert.match(await answer(command, relay), expected, command);
	const { bounds } = relay.relay.hub.demand.get(front)?.holds[0] ?? {};
	assert.deepEqual(bounds, { maxBandwidth: 3000, minBandwidth: 300 });
});

test("the same with a name and password, where nobody may without; and not without", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const users = [
		{ name: "robot1", password: "secret123", allow: ["publish"], paths: ["robot1/*"] },
		{ name: "operator", password: "start789", allow: ["read", "api", "control"] },
	];
	const closed = { access: { anonymous: [], failureDelay: "0 s", users }, streams: { [ID]: { path: "robot1/front" } } };
	const relay = parts.use(await startTestRelay(closed));
	const publish = `${relay.rtspUrl.replace("//", "//robot1:secret123@")}/robot1/front`;
	parts.use(await robotOf(relay, relay.mqttUrl.replace("//", "//robot1:secret123@"), publish));
	for (const [command, expected] of printed) {
		const named = command.replace("curl ", "curl -u operator:start789 ");
		assert.match(await answer(named, relay), expected, named);
		if (/health|viewer$/.test(command) || command.includes("/health ")) continue;
		await using stranger = shell(command, relay);
		assert.notEqual(await stranger.exit(PATIENCE_MS), 0, command);
	}
});

test("the recipe of a camera that is started: browser-viewer", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const page = "browser-viewer";
	const settings = parse(blockOf(page, "on-demand.yml"));
	const relay = parts.use(await startTestRelay({ ...settings, access: { anonymous: [], ...settings.access } }));
	const robot = parse(local(blockOf(page, "robot.yml"), relay));
	const cameras = robot.cameras.map((camera: object) => ({ ...camera, source: "sample" }));
	parts.use(await startTestRobot({ ...robot, cameras }));
	await until(() => relay.relay.hub.demand.get(front)?.online, "the robot is there");
	assert.match(await answer(blockOf(page, "start"), relay), /"state":"active"/);
	assert.match(await answer(blockOf(page, "state"), relay), /"viewer_count":0/);
	assert.match(await answer(blockOf(page, "viewers"), relay), /"count":0/);
	assert.match(await answer(blockOf(page, "stop"), relay), /"state":"stopped"/);
	await until(() => !relay.relay.hub.path(front)?.publication, "the robot stops");
});

test("the recipe of a robot that knows a topic: rtmp", { timeout: 60_000 }, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const page = "rtmp";
	const settings = parse(blockOf(page, "on-demand.yml"));
	const relay = parts.use(await startTestRelay({ ...settings, access: { anonymous: [], ...settings.access } }));
	const listen = local(blockOf(page, "listen"), relay).replace("mosquitto_sub", "stdbuf -oL mosquitto_sub -d");
	const robot = parts.use(run("sh", ["-c", `exec ${listen}`]));
	const heard = (): readonly string[] => robot.output().toString().split("\n");
	await until(() => heard().some((line) => line.startsWith("Subscribed")), robot.text);
	await answer(blockOf(page, "message"), relay);
	await until(() => heard().includes("start"), "the robot hears it");
	assert.equal(relay.relay.hub.demand.get(plain)?.state, "starting");
	assert.match(await answer(blockOf(page, "bridge"), relay), /Published stop/);
	await until(() => heard().includes("stop"), "the robot hears that, too");
	assert.equal(relay.relay.hub.demand.get(plain)?.holds.length, 0);
});
