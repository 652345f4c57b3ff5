import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { readState, writeState } from "./state-file.ts";

/** A browser that is logged in. */
interface Login {
	readonly user: string;
	/** The user's version at that time, see `User`. */
	readonly version: string;
	/** Unix milliseconds. */
	readonly expires: number;
}

const MAX_LOGINS = 10_000;
const FILE = "logins.json";

function isLogin(value: unknown): value is Login {
	if (typeof value !== "object" || value === null) return false;
	const { user, version, expires } = value as Record<string, unknown>;
	return typeof user === "string" && typeof version === "string" && typeof expires === "number";
}

function keyOf(id: string): string {
	return createHash("sha256").update(id).digest("base64url");
}

/**
 * The browsers that are logged in, by the hash of an opaque random id that is their cookie. They survive a restart of the
 * relay: the state directory keeps the hashes. Memory is bounded: where there are too many, the oldest are logged out.
 */
export class Logins {
	readonly #file: string | undefined;
	readonly #byKey = new Map<string, Login>();

	/** Without a directory nothing survives the process. Throws where the file there is damaged. */
	constructor(stateDir: string | undefined, now: number) {
		this.#file = stateDir === undefined ? undefined : join(stateDir, FILE);
		const kept = this.#file === undefined ? undefined : readState(this.#file);
		if (typeof kept !== "object" || kept === null) return;
		for (const [key, login] of Object.entries(kept)) {
			if (isLogin(login) && login.expires > now) this.#byKey.set(key, login);
		}
	}

	/** Logs in and gives the cookie's value. `lifetime` in milliseconds. */
	open(user: string, version: string, lifetime: number, now: number): string {
		const id = randomBytes(32).toString("base64url");
		for (const [key, login] of this.#byKey) if (login.expires <= now) this.#byKey.delete(key);
		this.#byKey.set(keyOf(id), { user, version, expires: now + lifetime });
		if (this.#byKey.size > MAX_LOGINS) this.#byKey.delete(this.#byKey.keys().next().value!);
		this.#save();
		return id;
	}

	/** Who is logged in with this cookie; undefined where nobody is (any more). */
	find(id: string, now: number): Login | undefined {
		const login = this.#byKey.get(keyOf(id));
		return login && login.expires > now ? login : undefined;
	}

	/** Logs out. */
	close(id: string): void {
		if (this.#byKey.delete(keyOf(id))) this.#save();
	}

	#save(): void {
		if (this.#file !== undefined) writeState(this.#file, Object.fromEntries(this.#byKey));
	}
}
