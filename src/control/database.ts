import { chmodSync, closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What the relay keeps over a restart, in the state directory. Only its owner can read it. */
const FILE = "vedette.db";
const BUSY_MS = 2000;

/**
 * Opens the database of a state directory, and makes it where it is not there. Whoever keeps something in it makes its
 * own tables. What was written outlives the relay, however it ends. Throws where it cannot be used.
 */
export function openDatabase(stateDir: string): DatabaseSync {
	const file = join(stateDir, FILE);
	closeSync(openSync(file, "a", 0o600));
	chmodSync(file, 0o600);
	const database = new DatabaseSync(file);
	try {
		database.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`);
		return database;
	} catch (error) {
		database.close();
		throw new Error(`${file} is damaged (${(error as Error).message}); remove it to start anew`);
	}
}
