import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parsePathName } from "../media/path-name.ts";
import { openDatabase } from "./database.ts";
import { SqliteHolds } from "./holds.ts";

function folder(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "vedette-holds-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

const front = parsePathName("robot/front")!;
const rear = parsePathName("robot/rear")!;
const by = { type: "mqtt", user: "bob", remoteAddress: "192.0.2.1" };
const hold = { by, since: 1, lapse: 2, until: undefined, bounds: { maxBandwidth: 800 }, alone: undefined };

test("what was started is there when the database is opened again", (t) => {
	const dir = folder(t);
	const first = openDatabase(dir);
	const holds = new SqliteHolds(first);
	holds.save(front, [hold, { ...hold, by: { ...by, type: "api" }, until: 5, alone: 3 }]);
	holds.save(rear, [hold]);
	holds.save(rear, []);
	// As when the relay is killed: nothing is closed.
	const second = openDatabase(dir);
	const again = new SqliteHolds(second);
	assert.deepEqual(
		again.load(front).map((one) => [one.by.type, one.bounds, one.until, one.alone]),
		[
			["mqtt", { maxBandwidth: 800 }, undefined, undefined],
			["api", { maxBandwidth: 800 }, 5, 3],
		],
	);
	assert.deepEqual(again.load(rear), []);
	assert.equal(statSync(join(dir, "vedette.db")).mode & 0o777, 0o600);
	first.close();
	second.close();
});

test("a damaged database is named", (t) => {
	const dir = folder(t);
	writeFileSync(join(dir, "vedette.db"), "this is not a database, and long enough to be looked at as one".repeat(10));
	assert.throws(() => openDatabase(dir), /vedette\.db is damaged .*remove it to start anew/);
});
