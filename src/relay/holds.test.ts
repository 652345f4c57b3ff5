import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startTestRelay } from "../../test/support/relay.ts";
import { parsePathName } from "../media/path-name.ts";

test("a start outlives the relay, and a stop too", { timeout: 30_000 }, async (t) => {
	const stateDir = mkdtempSync(join(tmpdir(), "vedette-holds-"));
	t.after(() => rmSync(stateDir, { recursive: true, force: true }));
	const start = () => startTestRelay({ paths: { gate: { runOnDemand: "sleep 1000" } } }, stateDir);
	const gate = parsePathName("gate")!;
	const by = { type: "api", user: "bob", remoteAddress: "192.0.2.1" };

	const first = await start();
	first.relay.hub.demand.start(gate, { by });
	await first.relay.stop();

	const second = await start();
	assert.deepEqual(
		second.relay.hub.demand.get(gate)?.holds.map((hold) => hold.by),
		[by],
	);
	assert.equal(second.relay.hub.demand.get(gate)?.state, "starting");
	second.relay.hub.demand.stop(gate, by);
	await second.relay.stop();

	const third = await start();
	assert.deepEqual(third.relay.hub.demand.get(gate)?.holds, []);
	assert.equal(third.relay.hub.demand.get(gate)?.state, "idle");
	await third.relay.stop();
});
