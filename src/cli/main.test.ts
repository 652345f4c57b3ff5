import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

interface Outcome {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

/** Runs `bin/vedette`, or another way to it. */
function vedette(args: string[], program = join(import.meta.dirname, "../../bin/vedette")): Promise<Outcome> {
	return new Promise((resolve) => {
		const child = execFile(program, args, (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }));
	});
}

test("--version, also through a link from another folder, as npm makes one", async (t) => {
	const folder = await mkdtemp(join(tmpdir(), "vedette-cli-"));
	t.after(() => rm(folder, { recursive: true }));
	const link = join(folder, "vedette");
	await symlink(join(import.meta.dirname, "../../bin/vedette"), link);
	for (const program of [undefined, link]) {
		const { code, out } = await vedette(["--version"], program);
		assert.equal(code, 0);
		assert.match(out, /^vedette \d+\.\d+\.\d+\n$/);
	}
});

test("--help lists the commands; no command at all is an error", async () => {
	const [asked, none] = await Promise.all([vedette(["--help"]), vedette([])]);
	assert.equal(asked.code, 0);
	assert.match(asked.out, /usage: vedette COMMAND/);
	assert.equal(none.code, 2);
	assert.equal(none.err, asked.out);
});

test("an unknown command is refused", async () => {
	for (const name of ["dance", "constructor"]) {
		const { code, err } = await vedette([name]);
		assert.equal(code, 2);
		assert.match(err, new RegExp(`there is no command "${name}"`));
	}
});
