import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fan } from "./audience.ts";
import { Fans } from "./fans.ts";
import type { Stream } from "./stream.ts";

test("a fan-out is opened for the first reader and closed behind the last", () => {
	const attached = new Set<Fan>();
	const stream = {
		ring: {},
		attach: (fan: Fan) => {
			attached.add(fan);
			return () => attached.delete(fan);
		},
	} as unknown as Stream;
	let closed = 0;
	const fans = new Fans(() => ({ batch: () => undefined, close: () => closed++ }));
	const first = fans.use(stream);
	const second = fans.use(stream);
	assert.equal(first.fan, second.fan);
	assert.equal(attached.size, 1);
	first.release();
	first.release();
	assert.equal(closed, 0, "releasing twice counts once");
	second.release();
	assert.equal(closed, 1);
	assert.equal(attached.size, 0);
	assert.notEqual(fans.use(stream).fan, first.fan, "the next reader gets a new one");
});
