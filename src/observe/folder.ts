import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder, and those above it that are missing, where it is not there. `mode` is that of every folder made.
 * Throws with the folder that cannot be made.
 */
export function makeFolder(path: string, mode = 0o777): void {
	const missing: string[] = [];
	for (let at = path; !isFolder(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
	for (const folder of missing) make(folder, mode);
}

/** One by one: `recursive` never returns where the system refuses a folder as if its parent were missing, as in /proc. */
function make(folder: string, mode: number): void {
	try {
		mkdirSync(folder, { mode });
	} catch (error) {
		if (isFolder(folder)) return;
		throw new Error(`cannot make the folder ${folder}: ${error instanceof Error ? error.message : error}`);
	}
}

function isFolder(path: string): boolean {
	try {
		return statSync(path).isDirectory();
	} catch {
		return false;
	}
}
