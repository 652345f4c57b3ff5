import assert from "node:assert/strict";
import { test } from "node:test";
import { Wants } from "./wants.ts";

const type = "rtspSession";

test("who was sent away is known by user and host, whatever the port", () => {
	const rows = [
		["192.0.2.1:50000", "192.0.2.1", true],
		["192.0.2.1", "192.0.2.1:40000", true],
		["[2001:db8::5]:50000", "2001:db8::5", true],
		["2001:db8::5:50000", "2001:db8::5", true],
		["2001:db8::5", "2001:db8::6", false],
		["192.0.2.1:50000", "192.0.2.2:50000", false],
	] as const;
	for (const [before, later, isQuiet] of rows) {
		const wants = new Wants();
		wants.read("1", { type, user: "ann", remoteAddress: before });
		wants.stop(0);
		assert.equal(
			wants.quietFor({ type: "rtmpConn", user: "ann", remoteAddress: later }, 29_999),
			isQuiet ? 1 : 0,
			later,
		);
		assert.equal(wants.quietFor({ type, user: "ann", remoteAddress: later }, 30_000), 0, later);
		assert.equal(wants.quietFor({ type, user: "eve", remoteAddress: later }, 1), 0, later);
	}
});

test("who asks again in so many words is welcome, and nobody else", () => {
	const wants = new Wants();
	const ann = { type, user: "ann", remoteAddress: "192.0.2.1:5" };
	const eve = { type, user: "eve", remoteAddress: "192.0.2.1:6" };
	wants.read("1", ann);
	wants.read("2", eve);
	wants.stop(0);
	wants.welcome({ ...ann, type: "webRTCSession", remoteAddress: "192.0.2.1" });
	assert.equal(wants.quietFor(ann, 1), 0);
	assert.equal(wants.quietFor(eve, 1), 29_999);
	assert.equal(wants.isEmpty, false);
	wants.welcome(eve);
	assert.equal(wants.isEmpty, true);
});

test("a visit is over when its reader reads, and lapses where none does", () => {
	const wants = new Wants();
	const ann = { type, user: "ann", remoteAddress: "192.0.2.1:5" };
	wants.visit(ann, 10_000);
	wants.visit({ ...ann, remoteAddress: "192.0.2.1:6" }, 12_000);
	assert.equal(wants.size, 1);
	wants.read("1", ann);
	assert.equal(wants.size, 1);
	wants.left("1", 1000);
	assert.equal(wants.wanted, false);
	wants.visit(ann, 10_000);
	assert.equal(wants.next(true), 10_000);
	wants.expire(10_000, true);
	assert.equal(wants.wanted, false);
});
