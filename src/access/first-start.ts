import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { allActions } from "./actions.ts";
import { parsePassword, writeHa1, writeSha256 } from "./password.ts";
import { readState, writeState } from "./state-file.ts";
import type { UserSettings } from "./users.ts";

/** The users of a relay that was told of none, and what they log in with where they were made just now. */
export interface FirstUsers {
	readonly users: readonly UserSettings[];
	/** To be shown once: afterwards only hashes are kept. */
	readonly fresh: { readonly adminPassword: string; readonly publishKey: string } | undefined;
}

interface Kept {
	readonly admin: string;
	readonly publisher: string;
	readonly publishKey: string;
}

const FILE = "access.json";

function isKept(value: unknown): value is Kept {
	if (typeof value !== "object" || value === null) return false;
	const { admin, publisher, publishKey } = value as Record<string, unknown>;
	const texts = [admin, publisher, publishKey];
	return texts.every((text) => typeof text === "string" && (parsePassword(text)?.kind ?? "plain") !== "plain");
}

function usersOf({ admin, publisher, publishKey }: Kept): readonly UserSettings[] {
	const everywhere = { paths: ["*"], ips: [] };
	return [
		{ name: "admin", password: admin, allow: allActions, ...everywhere },
		{ name: "publisher", password: publisher, token: publishKey, allow: ["publish"], ...everywhere },
	];
}

/**
 * The administrator and the publisher that the first start makes, kept in the state directory as hashes (mode 0600).
 * Throws where the file there cannot be read, is damaged, or cannot be written.
 */
export function firstUsers(stateDir: string): FirstUsers {
	const file = join(stateDir, FILE);
	const kept = readState(file);
	if (kept !== undefined) {
		if (!isKept(kept)) throw new Error(`${file} is damaged; remove it to have new passwords made`);
		return { users: usersOf(kept), fresh: undefined };
	}
	const adminPassword = randomBytes(15).toString("base64url");
	const publishKey = randomBytes(24).toString("base64url");
	const made: Kept = {
		admin: writeHa1("admin", adminPassword),
		publisher: writeHa1("publisher", publishKey),
		publishKey: writeSha256(publishKey),
	};
	writeState(file, made);
	return { users: usersOf(made), fresh: { adminPassword, publishKey } };
}
