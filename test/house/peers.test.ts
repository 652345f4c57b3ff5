import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { needs, packages, peer } from "../support/peers.ts";

/** What `peer` does with a program that no machine has, where `CI` is as given. */
function missing(CI: string): { status: number | null; stdout: string } {
	const module = new URL("../support/peers.ts", import.meta.url).href;
	const code = `import { peer } from ${JSON.stringify(module)}; process.stdout.write(String(peer("no-such-peer")));`;
	const env = { ...process.env, CI };
	return spawnSync(process.execPath, ["--input-type=module", "-e", code], { env, encoding: "utf8" });
}

test("a missing peer is undefined, and under CI=true a failure", () => {
	assert.equal(missing("").stdout, "undefined");
	assert.equal(missing("true").status, 1);
});

test("every peer is installed", (t) => {
	needs(t, ...Object.values(packages), "openRTSP");
});

test("openRTSP starts with its own libraries", (t) => {
	if (!needs(t, "openRTSP")) return;
	const { stderr } = spawnSync(peer("openRTSP")!, { encoding: "utf8" });
	assert.match(stderr, /^Usage: /);
});
