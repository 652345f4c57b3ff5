import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { relaySchema } from "../config/relay-schema.ts";
import { parsePathName } from "../media/path-name.ts";
import { createLog } from "../observe/log.ts";
import { startRelay } from "./relay.ts";

test("a start outlives the relay, and a stop too", { timeout: 30_000 }, async (t) => {
	const stateDir = mkdtempSync(join(tmpdir(), "vedette-holds-"));
	t.after(() => rmSync(stateDir, { recursive: true, force: true }));
	const nowhere = { address: "" };
	const servers = { rtmp: nowhere, srt: nowhere, webrtc: nowhere, api: nowhere, metrics: nowhere, mqtt: nowhere };
	const rtsp = { address: "127.0.0.1:0", rtpAddress: "", rtcpAddress: "" };
	const paths = { gate: { runOnDemand: "sleep 1000" } };
	const http = { address: "127.0.0.1:0" };
	const config = relaySchema.parse({ stateDir, ...servers, rtsp, http, paths, access: { anonymous: ["read"] } });
	const log = createLog({ level: "silent", file: "", format: "json" });
	const gate = parsePathName("gate")!;
	const by = { type: "api", user: "bob", remoteAddress: "192.0.2.1" };

	const first = await startRelay(config, log);
	first.hub.demand.start(gate, { by });
	await first.stop();

	const second = await startRelay(config, log);
	assert.deepEqual(
		second.hub.demand.get(gate)?.holds.map((hold) => hold.by),
		[by],
	);
	assert.equal(second.hub.demand.get(gate)?.state, "starting");
	second.hub.demand.stop(gate, by);
	await second.stop();

	const third = await startRelay(config, log);
	assert.deepEqual(third.hub.demand.get(gate)?.holds, []);
	assert.equal(third.hub.demand.get(gate)?.state, "idle");
	await third.stop();
});
