import { createHash, randomBytes } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Access } from "../../access/access.ts";
import { sameText, writeHa1 } from "../../access/password.ts";
import { type Enrolment, robotPassword } from "../../wire/invitation.ts";

/** How long an invitation is good. */
const GOOD_MS = 15 * 60_000;
const MOST_INVITATIONS = 100;

/** A robot that has joined. */
export interface Enrolled {
	readonly name: string;
	/** Unix milliseconds. */
	readonly since: number;
	/** As it said when it was here last. */
	readonly cameras: readonly string[];
}

interface Invited {
	readonly code: string;
	/** Unix milliseconds. */
	readonly until: number;
	/** It takes the place of a robot of that name. */
	readonly replaces: boolean;
}

/** Why something with robots cannot be done, and the HTTP status for it. */
export class RegistryError extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

/** Of a long random secret a plain hash tells nothing. */
function hashOf(secret: string): string {
	return createHash("sha256").update(secret).digest("base64url");
}

/**
 * The robots that have joined, in the database, and those that are invited. Each is a user of its own name that may
 * publish below it.
 */
export class Registry {
	/** Robots that cannot come, because the configuration has a user of that name since. */
	readonly shadowed: ReadonlySet<string>;
	readonly #access: Access;
	readonly #now: () => number;
	readonly #invited = new Map<string, Invited>();
	readonly #statements: Readonly<Record<"all" | "get" | "put" | "cameras" | "remove", StatementSync>>;

	/** `now`: Unix milliseconds. */
	constructor(database: DatabaseSync, access: Access, now: () => number = Date.now) {
		this.#access = access;
		this.#now = now;
		database.exec(
			"CREATE TABLE IF NOT EXISTS robots (name TEXT PRIMARY KEY, password TEXT NOT NULL, secret TEXT NOT NULL, since INTEGER NOT NULL, cameras TEXT NOT NULL)",
		);
		this.#statements = {
			all: database.prepare("SELECT name, password, since, cameras FROM robots ORDER BY name"),
			get: database.prepare("SELECT secret FROM robots WHERE name = ?"),
			put: database.prepare(
				"INSERT OR REPLACE INTO robots (name, password, secret, since, cameras) VALUES (?, ?, ?, ?, '[]')",
			),
			cameras: database.prepare("UPDATE robots SET cameras = ? WHERE name = ? AND cameras <> ?"),
			remove: database.prepare("DELETE FROM robots WHERE name = ?"),
		};
		const kept = this.#statements.all.all().map(({ name, password }) => [String(name), String(password)] as const);
		this.shadowed = new Set(kept.map(([name]) => name).filter((name) => access.knows(name)));
		for (const [name, password] of kept) if (!this.shadowed.has(name)) this.#admit(name, password);
	}

	list(): readonly Enrolled[] {
		return this.#statements.all.all().map(({ name, since, cameras }) => ({
			name: String(name),
			since: Number(since),
			cameras: JSON.parse(String(cameras)) as string[],
		}));
	}

	has(name: string): boolean {
		return this.#statements.get.get(name) !== undefined;
	}

	/** Makes the one-time code of a robot to be. Throws a `RegistryError` where the name is taken. */
	invite(name: string, replaces: boolean): { readonly code: string; readonly until: number } {
		const now = this.#now();
		for (const [one, { until }] of this.#invited) if (until <= now) this.#invited.delete(one);
		if (this.has(name) && !replaces) {
			throw new RegistryError(409, `there is a robot "${name}" already; --replace puts another in its place`);
		}
		if (this.#access.knows(name)) {
			throw new RegistryError(409, `"${name}" is a user of the configuration; choose another name`);
		}
		if (this.#invited.size >= MOST_INVITATIONS && !this.#invited.has(name)) {
			throw new RegistryError(503, `${MOST_INVITATIONS} robots are invited already; wait for some of them`);
		}
		const invited = { code: randomBytes(16).toString("base64url"), until: now + GOOD_MS, replaces };
		this.#invited.set(name, invited);
		return invited;
	}

	/** Lets a robot join. Throws a `RegistryError` where it was not invited, or too long ago. */
	enrol(enrolment: Enrolment): void {
		const { name, code, secret } = enrolment;
		const invited = this.#invited.get(name);
		if (!invited || invited.until <= this.#now() || !sameText(invited.code, code)) {
			throw new RegistryError(403, "this invitation is not good (any more): they last 15 minutes, and once");
		}
		this.#invited.delete(name);
		if (this.has(name) && !invited.replaces) throw new RegistryError(409, `there is a robot "${name}" already`);
		const password = writeHa1(name, robotPassword(enrolment));
		this.#statements.put.run(name, password, hashOf(secret), this.#now());
		this.#admit(name, password);
	}

	/** What a robot has, as it said at its birth: kept, so that its cameras can be waited for after a restart. */
	setCameras(name: string, cameras: readonly string[]): void {
		const text = JSON.stringify(cameras);
		// Robots come again and again, mostly as they were: that is no reason to write to the disk.
		this.#statements.cameras.run(text, name, text);
	}

	/** Ends a robot's right to come; false where there is none of that name. */
	revoke(name: string): boolean {
		if (!this.has(name)) return false;
		this.#statements.remove.run(name);
		if (!this.shadowed.has(name)) this.#access.dismiss(name);
		return true;
	}

	/** Whether somebody shows a robot's secret from another machine than its own: a copy of its files. */
	isCopy(name: string, password: string): boolean {
		const kept = this.#statements.get.get(name);
		return kept !== undefined && sameText(String(kept.secret), hashOf(password.split(".")[0] ?? ""));
	}

	#admit(name: string, password: string): void {
		this.#access.admit({ name, password, allow: ["publish"], paths: [`${name}/*`], ips: [] });
	}
}
