import { globSync, readFileSync } from "node:fs";

/** One import: in which file and line, and what it names. */
export interface Import {
	readonly file: string;
	readonly line: number;
	readonly specifier: string;
}

/** What is not ours, or is made by a program. */
const outside = ["node_modules", "dist", ".cache", "coverage", ".git"];

/** The files of the repository that match the patterns, with `/`, sorted. */
export function filesOf(...patterns: string[]): string[] {
	return globSync(patterns, { exclude: (path) => outside.includes(path.split("/").at(-1) ?? "") }).sort();
}

/**
 * What a module names: `import`, `export … from`, `import("…")` and every string in parentheses that looks like one of
 * our files, so that `new URL("./thread.ts", import.meta.url)` counts too.
 */
export function importsOf(file: string): Import[] {
	const lines = readFileSync(file, "utf8").split("\n");
	return lines.flatMap((text, index) => specifiers(text).map((specifier) => ({ file, line: index + 1, specifier })));
}

function specifiers(line: string): string[] {
	if (/^\s*(\*|\/\/|\/\*)/.test(line)) return [];
	const named = /(?:\bfrom|^\s*import)\s+"([^"]+)"/g;
	const called = /\(\s*"((?:\.{1,2}\/[^"]+\.ts)|[@a-z][^"\s]*)"/g;
	return [named, called].flatMap((pattern) => [...line.matchAll(pattern)].map(([, specifier = ""]) => specifier));
}
