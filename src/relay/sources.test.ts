import assert from "node:assert/strict";
import { test } from "node:test";
import { keptLog } from "../../test/support/kept-log.ts";
import { until } from "../../test/support/until.ts";
import { pathSettings } from "../config/path-schema.ts";
import { systemClock } from "../hub/clock.ts";
import { Hub } from "../hub/hub.ts";
import { parsePathName } from "../media/path-name.ts";
import { Pool } from "../net/pool.ts";
import { startSources } from "./sources.ts";

const gate = parsePathName("gate")!;
const info = { type: "test", id: "1", remoteAddress: "192.0.2.1:1", user: "" };

function hubOf(source: object) {
	const settings = pathSettings.parse(source);
	const pool = new Pool(16 * 1024 * 1024);
	const hub = new Hub({ pool, clock: systemClock, maxPaths: 10, settings: () => ({ key: "gate", settings }) });
	return { hub, paths: { gate: settings } };
}

test("a source that gives nothing: readers hear that it is so, the reason is kept without secrets until it is there", async () => {
	const { hub, paths } = hubOf({ source: "rtsp://viewer:hunter2000@127.0.0.1:9/x" });
	assert.throws(() => hub.find(gate), { message: 'nobody publishes to "gate"' });
	const { lines, log } = keptLog();
	let attempts = 0;
	const stop = startSources(
		hub,
		paths,
		{
			rtsp: async (_path, _url, _transport, signal, onLive) => {
				attempts += 1;
				if (attempts === 1) throw new Error("no hunter2000 at 127.0.0.1:9");
				onLive();
				return new Promise((resolve) => signal.addEventListener("abort", () => resolve("stopped")));
			},
		},
		log,
	);
	await until(() => hub.sourceFaults.size > 0, "the first attempt fails");
	assert.equal(hub.sourceFaults.get(gate), "no … at 127.0.0.1:9");
	assert.equal(lines[0]?.reason, "no … at 127.0.0.1:9");
	const refusal = { kind: "absent", message: 'nobody publishes to "gate": the relay gets nothing from its source' };
	assert.throws(() => hub.find(gate), refusal);
	assert.throws(() => hub.read(gate, [0], info, { onEnd: () => undefined }), refusal);
	await until(() => attempts === 2, "it is tried again");
	assert.equal(hub.sourceFaults.size, 0);
	await stop();
});

test("a source on demand that gives nothing: those who wait hear of no address, the reason is kept for who may see it", async () => {
	const { hub, paths } = hubOf({
		source: "rtsp://viewer:hunter2000@127.0.0.1:9/x",
		...{ sourceOnDemand: true, startTimeout: "1 s" },
	});
	const { lines, log } = keptLog();
	const fails = () => Promise.reject(new Error("no hunter2000 at 127.0.0.1:9"));
	const stop = startSources(hub, paths, { rtsp: fails }, log);
	await assert.rejects(hub.wanted(gate, info), /the relay gets nothing from its source/);
	assert.equal(hub.sourceFaults.get(gate), "no … at 127.0.0.1:9");
	assert.equal(lines[0]?.reason, "no … at 127.0.0.1:9");
	hub.close("the test is over");
	await stop();
});
