import assert from "node:assert/strict";
import { test } from "node:test";
import type { Principal } from "../../access/access.ts";
import type { Action } from "../../access/actions.ts";
import { pathTest } from "../../access/users.ts";
import type { PathName } from "../../media/path-name.ts";
import { mayHear, mayPublish, mayReplace, maySubscribe, type TopicPlan } from "./rights.ts";

const mapped = new Map([
	["robot/stream", "robot1/front" as PathName],
	["other/stream", "robot2/front" as PathName],
]);
const plan: TopicPlan = {
	prefix: "vedette",
	plain: { has: (topic) => mapped.has(topic), pathOf: (topic) => mapped.get(topic) },
};

function somebody(allow: readonly Action[], ...paths: string[]): Principal {
	const fits = pathTest(paths);
	return {
		name: "x",
		identity: "user x",
		may: (action, path) => allow.includes(action) && (path === undefined || fits(path)),
	};
}

const robot = somebody(["publish"], "robot1/*");
const pilot = somebody(["control"], "robot1/*");
const admin = somebody(["control", "api", "publish"], "*");
const viewer = somebody(["read"], "*");

type Can = (principal: Principal, plan: TopicPlan, topic: string) => boolean;

const rows: readonly (readonly [Can, string, robot: boolean, pilot: boolean, admin: boolean])[] = [
	[mayPublish, "vedette/robot1/available", true, false, true],
	[mayPublish, "vedette/robot1/front/stream/state", true, false, true],
	[mayPublish, "vedette/robot1/front/stats", true, false, true],
	[mayPublish, "vedette/robot1/front/snapshot", true, false, true],
	[mayPublish, "vedette/robot1/front/stream/set", false, true, true],
	[mayPublish, "vedette/robot1/front/stream/order", false, false, false],
	[mayPublish, "vedette/robot1/front/viewers", false, false, false],
	[mayPublish, "vedette/robot1/time", false, false, false],
	[mayPublish, "vedette/robot1/front/anything", false, false, false],
	[mayPublish, "vedette/robot2/available", false, false, true],
	[mayPublish, "vedette/robot2/front/stream/set", false, false, true],
	[mayPublish, "vedette", false, false, false],
	[mayPublish, "robot/stream", false, true, true],
	[mayPublish, "other/stream", false, false, true],
	[mayPublish, "constructor", false, false, false],
	[mayPublish, "__proto__", false, false, false],
	[maySubscribe, "toString", false, false, false],
	[mayPublish, "robot1/bumper", true, true, true],
	[mayPublish, "robot2/bumper", false, true, true],
	[mayPublish, "$SYS/x", false, false, false],
	[maySubscribe, "vedette/robot1/front/stream/order", true, true, true],
	[maySubscribe, "vedette/robot2/front/stream/order", false, true, true],
	[maySubscribe, "robot1/bumper", true, true, true],
	[maySubscribe, "robot2/bumper", false, true, true],
	[maySubscribe, "robot/stream", true, true, true],
	[maySubscribe, "#", false, true, true],
	[mayHear, "vedette/robot1/front/stream/order", true, true, true],
	[mayHear, "vedette/robot1/time", true, true, true],
	[mayHear, "vedette/robot2/front/stream/order", false, false, true],
	[mayHear, "vedette/robot2/front/stream/state", false, false, true],
	[mayHear, "homeassistant/status", true, true, true],
];

for (const [can, topic, ...expected] of rows) {
	test(`${can.name} ${topic}: a robot ${expected[0]}, its pilot ${expected[1]}, everybody's ${expected[2]}`, () => {
		assert.deepEqual(
			[robot, pilot, admin].map((principal) => can(principal, plan, topic)),
			expected,
		);
		if (can !== mayHear) assert.equal(can(viewer, plan, topic), false);
	});
}

test("who may take the place of whose connection", () => {
	const named = (name: string | null): Principal => ({ name, identity: "", may: () => true });
	const rows: readonly (readonly [string | null, string | null, string | undefined, boolean])[] = [
		["ha", "ha", undefined, true],
		["robot1", "ha", undefined, false],
		[null, "ha", undefined, false],
		["ha", null, undefined, true],
		[null, null, undefined, true],
		["robot1", "fleet", "robot1", true],
		["fleet", "robot1", "robot1", false],
		[null, "robot1", "robot1", false],
	];
	for (const [newcomer, holder, robot, expected] of rows) {
		assert.equal(
			mayReplace(named(newcomer), named(holder), robot),
			expected,
			`${newcomer} for ${holder}, id of ${robot}`,
		);
	}
});
