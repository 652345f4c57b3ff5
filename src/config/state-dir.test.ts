import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeStateDir, stateDirOf } from "./state-dir.ts";

test("the state directory is the one named, or the usual one", () => {
	const HOME = "/home/pat";
	assert.equal(stateDirOf("~/x", { HOME }), "/home/pat/x");
	assert.equal(stateDirOf("/srv/state", { HOME }), "/srv/state");
	assert.equal(stateDirOf("", { HOME, STATE_DIRECTORY: "/var/lib/a:/var/lib/b" }), "/var/lib/a");
	const usual = process.getuid?.() === 0 ? "/var/lib/vedette" : "/home/pat/.local/state/vedette";
	assert.equal(stateDirOf("", { HOME }), usual);
});

test("it is made for its owner only", () => {
	const folder = mkdtempSync(join(tmpdir(), "vedette-state-"));
	const path = join(folder, "deep/state");
	makeStateDir(path);
	makeStateDir(path);
	assert.equal(statSync(path).mode & 0o777, 0o700);
	rmSync(folder, { recursive: true });
});
