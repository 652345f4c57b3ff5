import assert from "node:assert/strict";
import { test } from "node:test";
import { startControl } from "../../test/support/control.ts";
import { parsePathName } from "../media/path-name.ts";
import { Polling } from "./polling.ts";

const path = parsePathName("robot9/front")!;
const LONG_MS = 60_000;

test("questions that are kept: freed when the client goes, and only so many of one camera", {
	timeout: 10_000,
}, async () => {
	await using control = await startControl("access: { anonymous: [publish] }");
	using polling = new Polling(control.hub);
	const gone = new AbortController();
	const { version } = await polling.ask(path, undefined, LONG_MS, gone.signal);
	const first = polling.ask(path, version, LONG_MS, gone.signal);
	assert.equal(polling.waiting, 1);
	gone.abort();
	assert.equal((await first).version, version);
	assert.equal(polling.waiting, 0);
	await polling.ask(path, version, LONG_MS, gone.signal);
	assert.equal(polling.waiting, 0, "it had gone before");
	const here = new AbortController();
	const kept = Array.from({ length: 9 }, () => polling.ask(path, version, LONG_MS, here.signal));
	assert.equal(polling.waiting, 8);
	await kept[0];
	here.abort();
	await Promise.all(kept);
});

test("what ends while a question is kept answers it, and leaves nothing behind", { timeout: 10_000 }, async () => {
	await using control = await startControl("access: { anonymous: [publish] }");
	const polling = new Polling(control.hub);
	const { signal } = new AbortController();
	const { version } = await polling.ask(path, undefined, 0, signal);
	const kept = polling.ask(path, version, LONG_MS, signal);
	polling[Symbol.dispose]();
	await kept;
	assert.equal(control.hub.demand.get(path), undefined);
});
