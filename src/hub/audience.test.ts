import assert from "node:assert/strict";
import { test } from "node:test";
import { Audience } from "./audience.ts";
import type { Reader } from "./reader.ts";

/** As much of a reader as is asked for here. `log` is told when it is called and when it ends. */
function readerOf(name: string, log: string[], others: Partial<Pick<Reader, "called" | "notify" | "end">> = {}) {
	const info = { type: "test", id: name, remoteAddress: "", user: "", passive: name === "forward" };
	const notify = (now: number) => void log.push(`${name} at ${now}`);
	const end = (reason = "") => void log.push(`${name}: ${reason}`);
	return { info, called: true, notify, end, ...others } as unknown as Reader;
}

test("who is passive is among the readers and does not count", () => {
	const audience = new Audience();
	const [viewer, forward] = [readerOf("viewer", []), readerOf("forward", [])];
	audience.add(viewer);
	audience.add(forward);
	assert.deepEqual([audience.readers.size, audience.size], [2, 1]);
	assert.equal(audience.remove(forward), true);
	assert.equal(audience.remove(forward), false);
	assert.deepEqual([audience.readers.size, audience.size], [1, 1]);
	audience.remove(viewer);
	assert.equal(audience.size, 0);
});

test("each batch goes to the fan-outs and to the readers that take packets themselves", () => {
	const log: string[] = [];
	const audience = new Audience();
	const fan = { batch: (to: number) => void log.push(`fan to ${to}`), close: () => undefined };
	audience.add(readerOf("of frames", log, { called: false }));
	assert.equal(audience.takesPackets, false);
	const detach = audience.attach(fan);
	const own = readerOf("own", log);
	audience.add(own);
	audience.batch(7, 100);
	assert.deepEqual(log, ["fan to 7", "own at 100"]);
	detach();
	assert.equal(audience.takesPackets, true);
	audience.remove(own);
	audience.batch(8, 200);
	assert.equal(audience.takesPackets, false);
	assert.equal(log.length, 2);
});

test("a reader that leaves while it is called leaves nobody else out", () => {
	const log: string[] = [];
	const audience = new Audience();
	const first = readerOf("first", log);
	const leaving: Reader = readerOf("leaving", log, { notify: () => void audience.remove(leaving) });
	for (const one of [first, leaving, readerOf("last", log)]) audience.add(one);
	audience.batch(1, 0);
	assert.deepEqual(log.sort(), ["first at 0", "last at 0"]);
});

test("all are ended, also where each leaves by that", () => {
	const log: string[] = [];
	const audience = new Audience();
	for (const name of ["a", "b"]) {
		const one: Reader = readerOf(name, log, { end: () => void (audience.remove(one) && log.push(name)) });
		audience.add(one);
	}
	audience.end("over");
	assert.deepEqual([log, audience.size], [["a", "b"], 0]);
});
