import assert from "node:assert/strict";
import { test } from "node:test";
import { skipFor } from "../support/peers.ts";

test("what this machine lacks skips a test, with the reason; under CI=true it fails", (t) => {
	const before = process.env.CI;
	t.after(() => {
		if (before === undefined) delete process.env.CI;
		else process.env.CI = before;
	});
	process.env.CI = "";
	assert.equal(skipFor(undefined), false);
	assert.equal(skipFor("no OpenSSL"), "no OpenSSL");
	process.env.CI = "true";
	assert.equal(skipFor(undefined), false);
	assert.throws(() => skipFor("no OpenSSL"), /^Error: no OpenSSL; under CI=true nothing is skipped/);
});
