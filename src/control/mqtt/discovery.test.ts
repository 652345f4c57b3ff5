import assert from "node:assert/strict";
import { test } from "node:test";
import { announce, withdraw } from "./discovery.ts";

const plan = { prefix: "vedette", root: "homeassistant", watchUrl: "http://relay.example.org:8080/" };
const found = { robot: "robot1", cameras: ["front", "rear"] };

test("one device for each robot, with everything that Home Assistant asks of it", () => {
	const { topic, text } = announce(plan, found);
	assert.equal(topic, "homeassistant/device/robot1/config");
	const { dev, o, cmps } = JSON.parse(text);
	assert.deepEqual(dev.ids, ["vedette_robot1"]);
	assert.equal(dev.cu, plan.watchUrl);
	assert.ok(o.name);
	assert.equal(Object.keys(cmps).length, 1 + 2 * 4);
	const ids = Object.values<Record<string, string>>(cmps).map(({ unique_id }) => unique_id);
	assert.equal(new Set(ids).size, ids.length);
	for (const part of Object.values<Record<string, string>>(cmps)) {
		assert.ok(part.p && part.unique_id && part.state_topic);
		assert.ok(!part.command_topic || part.command_topic.endsWith("/stream/set"));
	}
	const { robot1_front_stream: stream } = cmps;
	assert.equal(stream.command_topic, "vedette/robot1/front/stream/set");
	assert.equal(stream.availability_topic, "vedette/robot1/available");
	assert.match(stream.value_template, /'starting', 'live'/);
});

test("taken back by an empty message, as its documents say", () => {
	assert.deepEqual(withdraw(plan, found), { topic: "homeassistant/device/robot1/config", text: "" });
});
