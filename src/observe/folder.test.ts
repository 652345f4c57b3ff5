import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "./folder.ts";

const source = join(import.meta.dirname, "..");

test("missing folders are made, with the mode; those that are there stay as they are", (t) => {
	const top = mkdtempSync(join(tmpdir(), "vedette-folder-"));
	t.after(() => rmSync(top, { recursive: true }));
	mkdirSync(join(top, "old"), { mode: 0o755 });
	const path = join(top, "old/new/newest");
	makeFolder(path, 0o700);
	makeFolder(path, 0o700);
	const modes = ["old", "old/new", "old/new/newest"].map((name) => statSync(join(top, name)).mode & 0o777);
	assert.deepEqual(modes, [0o755, 0o700, 0o700]);
	writeFileSync(join(top, "file"), "");
	assert.throws(() => makeFolder(join(top, "file")), /cannot make the folder .*\/file: EEXIST/);
	assert.throws(() => makeFolder(join(top, "file/below")), /cannot make the folder .*\/file: EEXIST/);
});

/** What would never return must not hold the tests up: a process of its own, which is killed. */
function outcome(module: string, call: string): string {
	const script = `import * as m from ${JSON.stringify(join(source, module))};
try { ${call} } catch (error) { process.stdout.write(error.message); }`;
	const options = { timeout: 10_000, killSignal: "SIGKILL", encoding: "utf8" } as const;
	const { stdout, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script], options);
	return signal ?? stdout;
}

test("a folder that the system will not have is an error and no endless loop", {
	skip: process.platform !== "linux" && "there is no /proc",
}, () => {
	const calls = [
		["config/state-dir.ts", 'm.makeStateDir("/proc/vedette/state")'],
		["net/certificate.ts", 'm.loadCertificate("/proc/vedette/webrtc.pem", Date.now())'],
		["observe/log.ts", 'm.createLog({ level: "info", file: "/proc/vedette/x.log", format: "json" })'],
	] as const;
	for (const [module, call] of calls) {
		assert.match(outcome(module, call), /^cannot make the folder \/proc\/vedette: ENOENT/, module);
	}
});
