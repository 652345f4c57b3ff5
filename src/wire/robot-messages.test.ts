import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	parseAvailability,
	parseOrder,
	parseStateReport,
	parseStats,
	parseTimeTold,
	parseWanted,
} from "./robot-messages.ts";
import { parseRobotTopic, type RobotTopic, robotTopic } from "./robot-topics.ts";

const topics: readonly (readonly [string, RobotTopic | undefined])[] = [
	["vedette/robot1/available", { robot: "robot1", camera: undefined, kind: "available" }],
	["vedette/robot1/time", { robot: "robot1", camera: undefined, kind: "time" }],
	["vedette/robot1/front/stream/set", { robot: "robot1", camera: "front", kind: "set" }],
	["vedette/robot1/front/stream/order", { robot: "robot1", camera: "front", kind: "order" }],
	["vedette/robot1/front/stream/state", { robot: "robot1", camera: "front", kind: "state" }],
	["vedette/robot1/front/stats", { robot: "robot1", camera: "front", kind: "stats" }],
	["vedette/robot1/front/viewers", { robot: "robot1", camera: "front", kind: "viewers" }],
	["vedette/robot1/front/snapshot", { robot: "robot1", camera: "front", kind: "snapshot" }],
	["vedette/robot1/front/stream/set/x", undefined],
	["vedette/robot1/front", undefined],
	["vedette/robot1/constructor", undefined],
	["vedette/ro bot/available", undefined],
	["vedette//available", undefined],
	["other/robot1/available", undefined],
];

for (const [topic, expected] of topics) {
	test(`topic: ${topic}`, () => {
		assert.deepEqual(parseRobotTopic("vedette", topic), expected);
		if (expected) assert.equal(robotTopic("vedette", expected), topic);
	});
}

const wanted: readonly (readonly [string, object | undefined])[] = [
	["start", { do: "start" }],
	[" stop\n", { do: "stop" }],
	["ON", { do: "start" }],
	["OFF", { do: "stop" }],
	['{"do":"start"}', { do: "start" }],
	['{"do":"start","maxBitrate":900,"minBitrate":100}', { do: "start", maxBitrate: 900, minBitrate: 100 }],
	['{"do":"start","maxBitrate":100,"minBitrate":900}', undefined],
	['{"do":"start","maxBitrate":"much"}', undefined],
	['{"do":"start","maxBitrate":-1}', undefined],
	['{"do":"keyframe"}', undefined],
	["START", undefined],
	["", undefined],
	["{", undefined],
	["[]", undefined],
	["null", undefined],
];

for (const [text, expected] of wanted) {
	test(`wanted: ${JSON.stringify(text)}`, () => assert.deepEqual(parseWanted(text), expected));
}

const parsers = { parseWanted, parseOrder, parseTimeTold, parseAvailability, parseStateReport, parseStats };

const messages: readonly (readonly [keyof typeof parsers, object])[] = [
	["parseOrder", { id: "a", do: "keyframe", expires: 5 }],
	["parseOrder", { id: "a", do: "start", expires: 5, maxBitrate: 900 }],
	["parseTimeTold", { session: "s", now: 5 }],
	["parseAvailability", { state: "online", session: "s", cameras: ["front"], alwaysOn: ["front"] }],
	["parseAvailability", { state: "offline", session: "s" }],
	["parseStateReport", { state: "live", session: "s" }],
	[
		"parseStateReport",
		{
			state: "idle",
			session: "s",
			order: "a",
			orders: ["b", "a"],
			reason: "x",
			trigger: { name: "dog", seconds: 5 },
			paused: true,
			late: 2,
		},
	],
	["parseStats", { bitrate: 900, fps: 30, dropped: 0, rtt: 20, loss: 0.01, temperature: 50 }],
];

for (const [parser, message] of messages) {
	test(`${parser}: ${JSON.stringify(message)}, and no part of it that is needed can be missing`, () => {
		assert.deepEqual(parsers[parser](JSON.stringify(message)), message);
		for (const key of ["id", "do", "expires", "session", "now", "state", "bitrate"].filter((k) => k in message)) {
			assert.equal(parsers[parser](JSON.stringify({ ...message, [key]: {} })), undefined, key);
		}
	});
}

test("messages: anything gives a message or undefined", () => {
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
			for (const parse of Object.values(parsers)) parse(text);
		}),
	);
	for (const parse of Object.values(parsers)) assert.equal(parse(`{"do":"start"${" ".repeat(5000)}}`), undefined);
});

test("a trigger lasts a day at most, and no negative time", () => {
	const report = (seconds: number) =>
		parseStateReport(JSON.stringify({ state: "live", session: "s", trigger: { name: "dog", seconds } }))?.trigger;
	assert.deepEqual([-1, 86_401, 1e300].map(report), [undefined, undefined, undefined]);
	assert.deepEqual(report(86_400), { name: "dog", seconds: 86_400 });
});
