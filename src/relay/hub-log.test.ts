import assert from "node:assert/strict";
import { test } from "node:test";
import { h264Track, PARAMETER_SETS } from "../../test/support/tracks.ts";
import { pathSettings } from "../config/path-schema.ts";
import { systemClock } from "../hub/clock.ts";
import { Hub } from "../hub/hub.ts";
import { parsePathName } from "../media/path-name.ts";
import { Pool } from "../net/pool.ts";
import { createLog } from "../observe/log.ts";

import { logHub } from "./hub-log.ts";

test("who takes a publisher's place is told with whose place it is", (t) => {
	const settings = pathSettings.parse({});
	const pool = new Pool(16 * 1024 * 1024);
	const hub = new Hub({ pool, clock: systemClock, maxPaths: 10, settings: () => ({ key: "all_others", settings }) });
	t.after(() => hub.close("the test is over"));
	const lines: Record<string, unknown>[] = [];
	const write = (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>);
	logHub(hub, createLog({ level: "info", file: "", format: "json" }, { write }));
	const publish = (port: number) => {
		const info = { type: "rtmpConn", id: String(port), remoteAddress: `192.0.2.7:${port}`, identity: "user robot1" };
		return hub.publish(parsePathName("camera")!, [h264Track(PARAMETER_SETS)], info, { onEnd: () => undefined });
	};
	publish(1);
	publish(2).close("it left");
	publish(3);
	const told = lines.filter(({ msg }) => msg === "publishing").map(({ from, inPlaceOf }) => [from, inPlaceOf]);
	assert.deepEqual(told, [
		["192.0.2.7:1", undefined],
		["192.0.2.7:2", "192.0.2.7:1"],
		["192.0.2.7:3", undefined],
	]);
});
