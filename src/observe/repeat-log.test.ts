import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createLog } from "./log.ts";
import { repeatLog } from "./repeat-log.ts";

function collect() {
	const lines: [ip: unknown, reason: unknown, count: unknown][] = [];
	const write = (text: string) => {
		const { ip, reason, count } = JSON.parse(text) as Record<string, unknown>;
		lines.push([ip, reason, count]);
	};
	return {
		lines,
		refused: repeatLog(createLog({ level: "info", file: "", format: "json" }, { write }), "info", "refused"),
	};
}

test("who is refused a hundred times a second is one line, and one more each ten seconds", () => {
	mock.timers.enable({ apis: ["setTimeout"] });
	const { lines, refused } = collect();
	for (let n = 0; n < 100; n++) refused({ ip: "192.0.2.1", reason: "wrong" });
	refused({ ip: "192.0.2.2", reason: "wrong" });
	mock.timers.tick(10_000);
	mock.timers.tick(10_000);
	refused({ ip: "192.0.2.1", reason: "wrong" });
	assert.deepEqual(lines, [
		["192.0.2.1", "wrong", undefined],
		["192.0.2.2", "wrong", undefined],
		["192.0.2.1", "wrong", 99],
		["192.0.2.1", "wrong", undefined],
	]);
	mock.timers.reset();
});

test("callers from thousands of addresses are counted together", () => {
	mock.timers.enable({ apis: ["setTimeout"] });
	const { lines, refused } = collect();
	for (let n = 0; n < 5000; n++) refused({ ip: `192.0.${n >> 8}.${n & 255}`, reason: "wrong" });
	assert.equal(lines.length, 201);
	mock.timers.tick(10_000);
	assert.deepEqual(lines.slice(201), [[undefined, undefined, 4799]]);
	mock.timers.reset();
});
