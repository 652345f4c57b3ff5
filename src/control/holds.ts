import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { HoldStore } from "../hub/demand/demand.ts";
import type { KeptHold } from "../hub/demand/view.ts";
import type { PathName } from "../media/path-name.ts";

/** Keeps starts that were said aloud in the database, so that a restart of the relay ends none of them. */
export class SqliteHolds implements HoldStore {
	readonly #load: StatementSync;
	readonly #clear: StatementSync;
	readonly #insert: StatementSync;
	readonly #database: DatabaseSync;

	constructor(database: DatabaseSync) {
		this.#database = database;
		database.exec("CREATE TABLE IF NOT EXISTS holds (path TEXT NOT NULL, hold TEXT NOT NULL)");
		this.#load = database.prepare("SELECT hold FROM holds WHERE path = ? ORDER BY rowid");
		this.#clear = database.prepare("DELETE FROM holds WHERE path = ?");
		this.#insert = database.prepare("INSERT INTO holds (path, hold) VALUES (?, ?)");
	}

	load(path: PathName): readonly KeptHold[] {
		return this.#load.all(path).map(({ hold }) => JSON.parse(String(hold)) as KeptHold);
	}

	save(path: PathName, holds: readonly KeptHold[]): void {
		this.#database.exec("BEGIN");
		try {
			this.#clear.run(path);
			for (const hold of holds) this.#insert.run(path, JSON.stringify(hold));
		} finally {
			this.#database.exec("COMMIT");
		}
	}
}
