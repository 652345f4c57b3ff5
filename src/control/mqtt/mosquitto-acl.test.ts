import assert from "node:assert/strict";
import { test } from "node:test";
import { type AclPlan, mosquittoAcl } from "./mosquitto-acl.ts";

const mqtt = { broker: "embedded", prefix: "vedette", topics: {}, discovery: "homeassistant" };

/** The lines of each user. */
function read(plan: Partial<AclPlan>): Record<string, readonly string[]> {
	const text = mosquittoAcl({ mqtt, users: [], robots: [], ...plan });
	const blocks = text.split("\n\n").slice(1);
	return Object.fromEntries(
		blocks.map((block) => {
			const [user = "", ...lines] = block.trimEnd().split("\n");
			return [user.replace("user ", ""), lines];
		}),
	);
}

test("the relay has all of its topics, under the name in the broker's address", () => {
	assert.deepEqual(Object.keys(read({})), ["relay"]);
	const { "a b": lines = [] } = read({ mqtt: { ...mqtt, broker: "mqtt://a%20b:x@h", topics: { "old/topic": "a/b" } } });
	assert.deepEqual(lines, [
		"topic readwrite vedette/#",
		"topic readwrite old/topic",
		"topic readwrite robot/stream",
		"topic write homeassistant/device/+/config",
		"topic read homeassistant/status",
	]);
});

test("users have what their rights say, robots that joined what is theirs", () => {
	const users: AclPlan["users"] = [
		{ name: "one", allow: ["publish"], paths: ["robot1/*"], also: [] },
		{ name: "any", allow: ["publish"], paths: ["*"], also: [] },
		{ name: "pilot", allow: ["read"], paths: ["*"], also: [{ allow: ["control"], paths: ["robot1/front"] }] },
		{ name: "guest", allow: ["read"], paths: ["*"], also: [] },
		{ name: "odd", allow: ["publish"], paths: ["robot*/front"], also: [] },
		{ name: "desk", allow: ["api"], paths: ["*"], also: [] },
	];
	const found = read({ users, robots: ["one", "robot9"] });
	assert.deepEqual(Object.keys(found), ["relay", "one", "any", "pilot", "odd", "desk", "robot9"]);
	assert.ok(found.one?.includes("topic write vedette/robot1/available"));
	assert.ok(found.one?.includes("topic readwrite robot1/#"));
	assert.ok(found.any?.includes("topic write vedette/+/available"));
	assert.ok(!found.any?.some((line) => line.includes("+/#")), "not everything of everybody");
	assert.deepEqual(found.pilot, ["topic write vedette/robot1/+/stream/set", "topic read vedette/robot1/#"]);
	assert.deepEqual(found.odd, ['# "robot*/front" names no robot: nothing is allowed by it']);
	assert.deepEqual(found.desk, ["topic read vedette/#"]);
	assert.ok(found.robot9?.includes("topic read vedette/robot9/+/stream/order"));
	for (const lines of Object.values(found).slice(1)) {
		assert.ok(!lines.some((line) => /write.*(order|time)/.test(line)), "orders are the relay's alone");
	}
});

test("a robot with the name of others' topics has none of these", () => {
	const found = read({ robots: ["vedette", "homeassistant", "robot", "robot1"] });
	const own = (robot: string) => found[robot]?.includes(`topic readwrite ${robot}/#`);
	assert.deepEqual(["vedette", "homeassistant", "robot", "robot1"].map(own), [false, false, false, true]);
});
