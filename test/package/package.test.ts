import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { commands } from "../../src/cli/commands.ts";

const run = promisify(execFile);

/** What the published package must hold: the command, the program, the page, its licence and its documents. */
const expected = [
	"CHANGELOG.md",
	"LICENSE",
	"README.md",
	"bin/node24",
	"bin/vedette",
	"dist/cli/main.js",
	"dist/web/index.html",
	"dist/web/vedette-player.js",
	"package.json",
	"vedette.example.yml",
];

/** The demo's check takes half a minute at most, and must then end by itself. */
const TIMEOUT_MS = 90_000;

/** Other people's folder, in which the package is installed. */
let folder = "";
let files: string[] = [];

const vedette = (...args: string[]) =>
	// Without PATH: the command must find its own Node.
	run(join(folder, "node_modules/.bin/vedette"), args, {
		cwd: folder,
		env: { HOME: folder },
		timeout: TIMEOUT_MS,
		killSignal: "SIGKILL",
	});

/** Packs the repository into the folder; gives the name of the tarball and of the files in it. */
async function pack(): Promise<{ filename: string; files: { path: string }[] }> {
	const { stdout } = await run("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", folder]);
	const [packed]: { filename: string; files: { path: string }[] }[] = JSON.parse(stdout.slice(stdout.indexOf("[")));
	assert.ok(packed);
	return packed;
}

before(async () => {
	folder = await mkdtemp(join(tmpdir(), "vedette-package-"));
	const packed = await pack();
	files = packed.files.map(({ path }) => path);
	await writeFile(join(folder, "package.json"), "{}");
	const flags = ["--prefix", folder, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
	await run("npm", ["install", ...flags, join(folder, packed.filename)]);
});

after(() => rm(folder, { recursive: true, force: true }));

test("the package holds what it needs, and no sources", () => {
	for (const file of expected) assert.ok(files.includes(file), `${file} is not in the package`);
	for (const file of files) assert.doesNotMatch(file, /\.ts$|\.test\.|^(?:src|test|scripts|web)\//);
});

test("every file that the program names is there", () => {
	const root = join(folder, "node_modules/vedette/dist");
	const missing = globSync("**/*.js", { cwd: root, exclude: ["web"] }).flatMap((file) => {
		const names = readFileSync(join(root, file), "utf8").matchAll(/(?:from |\()"(\.{1,2}\/[^"\s]*\.\w+)"/g);
		const paths = [...names].map(([, name = ""]) => resolve(root, dirname(file), name));
		return paths.filter((path) => !existsSync(path)).map((path) => `${file}: ${path}`);
	});
	assert.deepEqual(missing, []);
});

test("the command runs on the Node that came with it", async () => {
	const { stdout } = await vedette("--version");
	assert.match(stdout, /^vedette \d/);
});

if (Object.hasOwn(commands, "demo")) {
	test("the demo's check passes", async () => {
		const { stdout } = await vedette("demo", "--check");
		assert.match(stdout, /whep/i);
	});
}
