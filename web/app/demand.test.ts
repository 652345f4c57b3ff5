import assert from "node:assert/strict";
import { test } from "node:test";
import { demandLabel, demandOrder, demandWords, holdWords } from "./demand.ts";
import type { DemandInfo } from "./relay.ts";

const asleep: DemandInfo = {
	...{ state: "idle", since: 0, online: true, alwaysOn: false, error: null, waiting: 0, holds: [] },
};

const rows: readonly (readonly [Partial<DemandInfo>, string, string, "start" | "stop" | null])[] = [
	[{}, "Asleep", "Wakes when somebody watches", "start"],
	[{ error: "no camera" }, "Asleep", "Failed last: no camera", "start"],
	[{ online: false }, "Asleep", "Out of reach", "start"],
	[{ online: false, state: "starting" }, "Starting", "Out of reach: it starts when it is back", "stop"],
	[{ state: "starting" }, "Starting", "Waiting for its first picture", "stop"],
	[{ state: "stopping" }, "Stopping", "Going to sleep", "start"],
	[{ state: "error", error: "no camera" }, "Failing", "Tried again soon: no camera", "stop"],
	[{ state: "starting", alwaysOn: true }, "Starting", "Waiting for its first picture", null],
];

for (const [given, label, words, order] of rows) {
	test(`${JSON.stringify(given)} is ${label}`, () => {
		const demand = { ...asleep, ...given };
		assert.deepEqual([demandLabel(demand), demandWords(demand), demandOrder(demand)], [label, words, order]);
	});
}

test("who keeps it awake", () => {
	const hold = { by: "mqtt", user: null, address: null, since: 0 };
	assert.equal(holdWords(asleep), "");
	assert.equal(
		holdWords({ ...asleep, holds: [hold, { ...hold, by: "api", user: "bob" }] }),
		"Kept awake by mqtt, bob (api)",
	);
});
