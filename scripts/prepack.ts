import { cpSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { buildPage } from "./page.ts";

/**
 * Writes src/ to dist/ for the published package, where Node refuses to strip types: the same tree, TypeScript without
 * its types (lines and columns stay), everything else as it is. The page, dist/web, is beside it.
 */
function writeTree(): void {
	for (const entry of globSync("dist/*")) if (entry !== join("dist", "web")) rmSync(entry, { recursive: true });
	for (const path of globSync("**/*", { cwd: "src" })) {
		const source = join("src", path);
		if (statSync(source).isDirectory() || path.endsWith(".test.ts")) continue;
		const target = join("dist", path.replace(/\.ts$/, ".js"));
		mkdirSync(dirname(target), { recursive: true });
		if (path.endsWith(".ts")) writeFileSync(target, stripped(source));
		else cpSync(source, target);
	}
}

/** JavaScript of a TypeScript file; our own files are named `.js` in it. */
function stripped(source: string): string {
	const code = stripTypeScriptTypes(readFileSync(source, "utf8"), { mode: "strip" });
	return code.replace(/(["'])(\.{1,2}\/[^"'\s]+)\.ts\1/g, "$1$2.js$1");
}

writeTree();
buildPage();
