import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import { countLog } from "./count-log.ts";
import { createLog } from "./log.ts";

function collector() {
	const lines: Record<string, unknown>[] = [];
	return { lines, write: (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>) };
}

test("lines are JSON with level by name, time, and no secrets", () => {
	const out = collector();
	const log = createLog({ level: "info", file: "", format: "json" }, out);
	log.debug("unseen");
	log.child({ room: "rtsp" }).info({ path: "camera", user: { password: "x" }, authorization: "Basic x" }, "published");
	assert.equal(out.lines.length, 1);
	const { time, ...line } = out.lines[0]!;
	assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
	assert.deepEqual(line, {
		level: "info",
		room: "rtsp",
		path: "camera",
		user: { password: "(hidden)" },
		authorization: "(hidden)",
		msg: "published",
	});
});

test("log.file gets the same lines, its folder is made", () => {
	const folder = mkdtempSync(join(tmpdir(), "vedette-log-"));
	const file = join(folder, "deep", "relay.log");
	createLog({ level: "info", file, format: "json" }, collector()).warn("kept");
	assert.equal((JSON.parse(readFileSync(file, "utf8")) as { msg: string }).msg, "kept");
	rmSync(folder, { recursive: true });
});

test("what happens a thousand times a second is two lines", () => {
	mock.timers.enable({ apis: ["setTimeout"] });
	const out = collector();
	const count = countLog(createLog({ level: "info", file: "", format: "json" }, out), "warn", "packets dropped");
	for (let n = 0; n < 1000; n++) count();
	mock.timers.tick(1000);
	mock.timers.tick(5000);
	assert.deepEqual(
		out.lines.map(({ count, total }) => [count, total]),
		[
			[1, 1],
			[999, 1000],
		],
	);
	count(5);
	count(2);
	count.stop();
	assert.deepEqual(
		out.lines.slice(2).map((line) => line.count),
		[5, 2],
	);
	mock.timers.reset();
});
