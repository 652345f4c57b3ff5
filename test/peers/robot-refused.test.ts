import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { parseStateReport, type StateReport } from "../../src/wire/robot-messages.ts";
import { keptLog } from "../support/kept-log.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";

const path = parsePathName("robot/front") as PathName;
const TOPIC = "robot/stream";

const ready = (t: TestContext): boolean => needs(t, "mosquitto", "mosquitto_pub", "mosquitto_sub");

/** A robot that obeys a broker, which the relay knows nothing of; it is told to start. Gives what it says from then on. */
async function started(parts: AsyncDisposableStack, publish: string): Promise<() => readonly StateReport[]> {
	const broker = parts.use(await startMosquitto());
	const heard = parts.use(await broker.subscribe("vedette/robot1/front/stream/state"));
	const cameras = [{ name: "front", source: "sample", publish }];
	parts.use(await startTestRobot({ name: "robot1", control: { mqtt: broker.url, topic: TOPIC }, cameras }));
	await until(() => heard.messages.length > 0, "the robot is there");
	const before = heard.messages.length;
	await broker.publish(TOPIC, "start");
	return () => heard.messages.slice(before).flatMap(({ text }) => parseStateReport(text) ?? []);
}

const addresses: readonly (readonly [string, (relay: TestRelay) => string])[] = [
	["RTSP", ({ rtspUrl }) => `${rtspUrl}/${path}`],
	["RTMP", ({ rtmpUrl }) => `${rtmpUrl}/${path}`],
	["SRT", ({ srtUrl }) => `${srtUrl}?streamid=publish:${path}`],
	["WHIP", ({ httpUrl }) => `${httpUrl}/${path}/whip`],
];

for (const [protocol, address] of addresses) {
	test(`a robot takes it as a stop that the relay wants nothing of it: ${protocol}`, { timeout: 60_000 }, async (t) => {
		if (!ready(t)) return;
		await using parts = new AsyncDisposableStack();
		const relay = parts.use(await startTestRelay());
		const driver = { start: () => undefined, stop: () => undefined, owns: () => true };
		relay.relay.hub.demand.drive(path, { kind: "robot", open: () => driver });
		const reports = await started(parts, address(relay));
		const states = () => reports().map(({ state }) => state);
		await until(
			() => states().includes("starting") && states().at(-1) === "idle",
			() => `it starts, and sleeps again: ${states()}`,
		);
		assert.doesNotMatch(states().join(), /live|error/);
		assert.equal(reports().at(-1)?.reason, "nobody wants it");
	});
}

test("any other refusal is an error and tried again, whatever numbers and words are in it", {
	timeout: 60_000,
}, async (t) => {
	if (!ready(t)) return;
	await using parts = new AsyncDisposableStack();
	const access = { anonymous: ["read"], users: [{ name: "viewer", password: "p", allow: ["read"] }] };
	const relay = parts.use(await startTestRelay({ access }));
	const reports = await started(parts, `${relay.rtmpUrl}/nobody/423?user=viewer&pass=p`);
	const failed = await until(() => reports().find(({ state }) => state === "error"), "it says why");
	assert.match(failed.reason ?? "", /may not publish "nobody\/423"/);
	await until(() => reports().filter(({ state }) => state === "error").length > 1, "and it tries again");
});

test("a wrong login is told once in words that help, and each failure in one line", { timeout: 60_000 }, async () => {
	await using relay = await startTestRelay({
		access: { anonymous: [], users: [{ name: "robot", password: "right", allow: ["publish"] }] },
	});
	const { lines, log } = keptLog();
	const wrong: Readonly<Record<string, string>> = {
		rtsp: `${relay.rtspUrl}/${path}`.replace("://", "://robot:wrong@"),
		rtmp: `${relay.rtmpUrl}/${path}?user=robot&pass=wrong`,
		srt: `${relay.srtUrl}?streamid=publish:${path}:robot:wrong`,
		whip: `${relay.httpUrl}/${path}/whip`.replace("://", "://robot:wrong@"),
	};
	const cameras = Object.entries(wrong).map(([name, publish]) => ({ name, source: "sample", publish }));
	await using _robot = await startTestRobot({ cameras }, log);
	for (const camera of Object.keys(wrong)) {
		const failures = () => lines.filter((line) => line.camera === camera && line.msg.startsWith("not publishing"));
		await until(
			() => failures().length >= 2,
			() => `${camera} tries again: ${JSON.stringify(lines)}`,
		);
		const [first, second] = failures();
		assert.match(
			first!.msg,
			/^not publishing: the relay does not take this login\. Set another /,
			JSON.stringify(first),
		);
		assert.equal(second!.msg, "not publishing; trying again");
	}
	assert.ok(!lines.some(({ state }) => state === "error"));
	const hint = lines.find(({ camera, msg }) => camera === "rtmp" && msg.startsWith("not publishing"));
	assert.match(hint?.reason ?? "", /add \?user=NAME&pass=PASSWORD to the address/);
});
