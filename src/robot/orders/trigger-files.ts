import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Log } from "../../observe/log.ts";

/** When the file was last written; 0 where it is not there. */
function writtenAt(file: string): number {
	return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Tells each time the file is made, written or touched; that it lies there from the start, or is removed, is none.
 * Its folder must be there. Gives what ends it.
 */
export function watchFile(file: string, log: Log, onTouched: () => void): () => void {
	let seen = writtenAt(file);
	let watcher: FSWatcher;
	try {
		watcher = watch(dirname(file), (_event, name) => {
			if (name !== basename(file)) return;
			const at = writtenAt(file);
			const touched = at !== 0 && at !== seen;
			seen = at;
			if (touched) onTouched();
		});
	} catch (error) {
		throw new Error(`cannot watch ${file}: ${error instanceof Error ? error.message : String(error)}`);
	}
	watcher.on("error", ({ message }) => log.warn({ file, reason: message }, "the file is watched no longer"));
	return () => watcher.close();
}
