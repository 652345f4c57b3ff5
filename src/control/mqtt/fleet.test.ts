import assert from "node:assert/strict";
import { test } from "node:test";
import { startControl } from "../../../test/support/control.ts";
import { parsePathName } from "../../media/path-name.ts";
import { createLog } from "../../observe/log.ts";
import type { Bus } from "./bus.ts";
import { Fleet, type RobotTold } from "./fleet.ts";

const log = createLog({ level: "silent", file: "", format: "json" });
const by = { type: "mqtt", user: "", remoteAddress: "" };

async function open(parts: AsyncDisposableStack) {
	const { hub } = parts.use(await startControl(""));
	const said: (readonly [topic: string, text: string, retain: boolean])[] = [];
	const changes: RobotTold[] = [];
	const bus: Bus = {
		publish: (...message) => void said.push(message),
		deliver: async () => undefined,
		[Symbol.asyncDispose]: async () => undefined,
	};
	const fleet = new Fleet({
		prefix: "vedette",
		hub,
		bus: () => bus,
		now: () => 5,
		ownerOf: () => undefined,
		log,
		onDrive: () => undefined,
		onChange: (robot) => changes.push(robot),
	});
	parts.defer(() => fleet.close());
	const birth = (cameras: unknown, robot = "robot1"): void => {
		const text = JSON.stringify({ state: "online", session: "s", cameras });
		fleet.take({ topic: `vedette/${robot}/available`, text, retained: false, by });
	};
	return { fleet, hub, said, changes, birth };
}

test("a robot that is forgotten leaves nothing that is kept, and is told of as one without cameras", async () => {
	await using parts = new AsyncDisposableStack();
	const { fleet, said, changes, birth } = await open(parts);
	birth(["front", "rear"]);
	said.length = 0;
	fleet.forget("robot1");
	assert.deepEqual(
		said.map(([topic, text, retain]) => [topic, text, retain]),
		[
			"vedette/robot1/available",
			"vedette/robot1/front/stream/state",
			"vedette/robot1/front/viewers",
			"vedette/robot1/rear/stream/state",
			"vedette/robot1/rear/viewers",
		].map((topic) => [topic, "", true]),
	);
	assert.deepEqual(changes.at(-1), { robot: "robot1", online: false, since: 5, cameras: [] });
	assert.deepEqual(fleet.list(), []);
});

test("cameras whose names are none are none; of a robot with very many some are", async () => {
	await using parts = new AsyncDisposableStack();
	const { hub, birth } = await open(parts);
	birth(["a/b", "../x", "", "good", "stream/set"]);
	assert.deepEqual(
		hub.demand.list().map(({ path }) => path),
		["robot1/good"],
	);
	birth(Array.from({ length: 40 }, (_, i) => `c${i}`));
	assert.equal(hub.demand.list().length, 32);
});

test("robots that come by themselves wake no more paths than there may be", async () => {
	await using parts = new AsyncDisposableStack();
	const { hub, birth } = await open(parts);
	const cameras = Array.from({ length: 32 }, (_, i) => `c${i}`);
	for (let i = 0; i < 5; i++) birth(cameras, `robot${i}`);
	assert.equal(hub.demand.list().length, 100);
});

test("a trigger at the robot is a want until it ends, told again or not", async () => {
	await using parts = new AsyncDisposableStack();
	const { fleet, hub, birth } = await open(parts);
	birth(["front"]);
	const front = parsePathName("robot1/front")!;
	const started: string[] = [];
	hub.demand.listen(({ at }) => at === "started" && started.push(at));
	const report = (state: string, trigger?: object): void => {
		const text = JSON.stringify({ state, session: "s", reason: "", ...(trigger && { trigger }) });
		fleet.take({ topic: "vedette/robot1/front/stream/state", text, retained: true, by });
	};
	const holds = () => hub.demand.get(front)?.holds.map(({ by: { type, user } }) => `${type} ${user}`);
	report("starting", { name: "motion", seconds: 60 });
	assert.deepEqual([hub.demand.get(front)?.state, holds()], ["starting", ["trigger motion"]]);
	report("live", { name: "motion", seconds: 59 });
	assert.equal(started.length, 1, "the answer to an order is no new trigger");
	report("live", { name: "dog", seconds: 90 });
	assert.deepEqual([started.length, holds()], [2, ["trigger dog"]]);
	report("live");
	assert.deepEqual(holds(), []);
});
