import assert from "node:assert/strict";
import { test } from "node:test";
import { qrOf } from "./qr.ts";
import type { DemandInfo } from "./relay.ts";
import type { CameraInfo, RobotInfo } from "./robot-api.ts";
import { cameraFigures, cameraWords, countdown, nameFault, presenceWords, whoWords } from "./robot-words.ts";

const asleep: DemandInfo = {
	...{ state: "idle", since: 0, online: true, alwaysOn: false, error: null, waiting: 0, holds: [] },
};
const camera: CameraInfo = {
	...{ name: "front", path: "robot1/front", state: "idle", reason: "", paused: false, trigger: null, stats: null },
	...{ demand: asleep, wants: [] },
};
const robot: RobotInfo = { name: "robot1", joined: true, joinedAt: 0, online: true, since: 1000, cameras: [camera] };
const at = (state: DemandInfo["state"], more: Partial<DemandInfo> = {}) => ({ demand: { ...asleep, state, ...more } });

const rows: readonly [given: Partial<CameraInfo>, online: boolean, tone: string, label: string, detail: string][] = [
	[{}, true, "offline", "Asleep", "Wakes when somebody watches"],
	[{}, false, "offline", "Out of reach", ""],
	[at("starting"), false, "offline", "Out of reach", "It starts when the robot is back"],
	[at("starting"), true, "stalled", "Starting", "Waiting for its first picture"],
	[at("live"), true, "live", "Live", ""],
	[at("live", { alwaysOn: true }), true, "live", "Live", "Always on"],
	[
		{ ...at("live"), trigger: { name: "motion", seconds: 41.2 } },
		true,
		"live",
		"Live",
		"Started there by “motion”, 42 s more",
	],
	[at("stopping"), true, "stalled", "Stopping", "Going to sleep"],
	[
		{ ...at("error", { error: "late" }), reason: "no such device" },
		true,
		"bad",
		"Failing",
		"Tried again soon: no such device",
	],
	[at("error", { error: "no pictures" }), true, "bad", "Failing", "Tried again soon: no pictures"],
	[{ demand: null, state: null }, true, "offline", "Not heard of yet", ""],
	[{ demand: null, state: "live", reason: "always on" }, true, "live", "Live", "always on"],
];

for (const [given, online, tone, label, detail] of rows) {
	test(`${online ? "" : "out of reach, "}${JSON.stringify(given)}`, () => {
		assert.deepEqual(cameraWords({ ...robot, online }, { ...camera, ...given }), { tone, label, detail });
	});
}

test("a pause at the robot comes before everything but its absence", () => {
	const paused = { ...camera, ...at("starting"), paused: true };
	assert.equal(cameraWords(robot, paused).label, "Paused at the robot");
	assert.equal(cameraWords({ ...robot, online: false }, paused).label, "Out of reach");
});

test("figures are told while live, the temperature always", () => {
	const stats = { bitrate: 1900, fps: 29.9, dropped: 0, rtt: 44.6, loss: 0.012, temperature: 51.7 };
	const live = ["1.90 Mbit/s", "30 fps", "1.2 % lost", "45 ms there and back", "52 °C"];
	assert.deepEqual(cameraFigures({ ...camera, state: "live", stats }), live);
	assert.deepEqual(cameraFigures({ ...camera, stats }), ["52 °C"]);
	assert.deepEqual(cameraFigures(camera), []);
});

test("who watches and who started it, the first of many", () => {
	const viewer = { by: "webRTCSession", user: "ann", address: "203.0.113.4" };
	const hold = { by: "mqtt", user: null, address: null, since: 1000 };
	const holds = [{ ...hold, by: "trigger", user: "motion" }, hold];
	const words = whoWords({ ...camera, wants: Array(5).fill(viewer), ...at("live", { holds }) }, 61_000);
	assert.deepEqual(words, [
		...Array(3).fill("Watched by ann, WebRTC, 203.0.113.4"),
		"and 2 more watch",
		"Started by somebody, MQTT, 1 min ago",
	]);
	assert.deepEqual(whoWords(camera, 0), []);
});

test("since when a robot is here", () => {
	assert.equal(presenceWords(robot, 6000), "Online for 5 s");
	assert.equal(presenceWords({ ...robot, online: false }, 6000), "Offline for 5 s");
	assert.equal(presenceWords({ ...robot, online: false, since: null }, 6000), "Has not come yet");
});

test("names as the relay takes them", () => {
	for (const good of ["robot1", "A_b-9", "x".repeat(64)]) assert.equal(nameFault(good), "");
	for (const bad of ["", "a/b", "a b", "ü", "x".repeat(65)]) assert.notEqual(nameFault(bad), "", bad);
});

test("what is left of 15 minutes", () => {
	assert.equal(countdown(900_000), "15:00");
	assert.equal(countdown(900_300), "15:00");
	assert.equal(countdown(59_600), "1:00");
	assert.equal(countdown(8400), "0:08");
	assert.equal(countdown(-5), "0:00");
});

test("a QR code has its light border and its three corners", () => {
	const { size, path } = qrOf("vedette://192.0.2.1:8080/robot1/AAAAAAAAAAAAAAAAAAAAAA/x");
	assert.equal((size - 8 - 17) % 4, 0, "a version's size");
	for (const corner of ["M4 4h1", `M${size - 5} 4h1`, `M4 ${size - 5}h1`]) assert.ok(path.includes(corner), corner);
	assert.ok(!path.includes("M3 "), "nothing in the border");
});
