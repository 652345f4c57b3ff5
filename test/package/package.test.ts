import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What the published package must hold: the command, the program, its licence and its documents. */
const expected = ["LICENSE", "README.md", "bin/node24", "bin/vedette", "dist/cli/main.js", "package.json"];

let folder = "";

before(async () => {
	folder = await mkdtemp(join(tmpdir(), "vedette-package-"));
});

after(() => rm(folder, { recursive: true, force: true }));

/** Packs the repository into the folder; gives the names of the files in the tarball. */
async function pack(): Promise<{ tarball: string; files: string[] }> {
	const { stdout } = await run("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", folder]);
	const [packed]: { filename: string; files: { path: string }[] }[] = JSON.parse(stdout.slice(stdout.indexOf("[")));
	assert.ok(packed);
	return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

test("the package installs into an empty folder without install scripts and runs", async () => {
	const { tarball, files } = await pack();
	for (const file of expected) assert.ok(files.includes(file), `${file} is not in the package`);
	for (const file of files) assert.doesNotMatch(file, /\.ts$|\.test\.|^(?:src|test|scripts|web)\//);

	const home = join(folder, "home");
	await writeFile(join(folder, "package.json"), "{}");
	await run("npm", ["install", "--prefix", folder, "--ignore-scripts", "--prefer-offline", "--no-audit", tarball]);
	assert.deepEqual((await readdir(join(folder, "node_modules/.bin"))).includes("vedette"), true);

	const { stdout } = await run(join(folder, "node_modules/.bin/vedette"), ["--version"], { env: { HOME: home } });
	assert.match(stdout, /^vedette \d/);
	if (!existsSync("src/cli/demo.ts")) return;
	const check = await run(join(folder, "node_modules/.bin/vedette"), ["demo", "--check"], { cwd: folder });
	assert.match(check.stdout, /rtsp/i);
});
