import { spawnSync } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";

/** Where the built page lies. From a file of src/ or dist/ one folder deep that is `../../dist/web` in either tree. */
const BUILT = "dist/web/index.html";

/** Builds the page into dist/web where it is missing or older than its sources; throws where that fails. */
export function buildPage(): void {
	if (!isStale()) return;
	process.stderr.write("Building the page\n");
	const args = ["build", "web", "--logLevel", "warn"];
	const { status } = spawnSync("node_modules/.bin/vite", args, { stdio: "inherit" });
	if (status !== 0 || !existsSync(BUILT)) throw new Error("The page could not be built.");
}

function isStale(): boolean {
	if (!existsSync(BUILT)) return true;
	const built = statSync(BUILT).mtimeMs;
	const sources = globSync(["web/**/*", "package-lock.json"]);
	return sources.some((file) => statSync(file).mtimeMs > built);
}

if (import.meta.main) buildPage();
