import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { readState, writeState } from "../access/state-file.ts";

/** What a robot is after it has joined a relay. Kept in its state directory, for its owner only. */
export interface Identity {
	readonly name: string;
	/** `HOST:PORT` of the relay's web server. */
	readonly relay: string;
	readonly secret: string;
	/** The relay's certificate, PEM, where only it proves the relay; empty where the system trusts it. */
	readonly certificate: string;
	readonly prefix: string;
	/** As the relay's `Welcome` has them. */
	readonly rtspPort: number;
	readonly rtspsPort: number;
}

const FILE = "robot-identity.json";

function isIdentity(value: unknown): value is Identity {
	if (typeof value !== "object" || value === null) return false;
	const { name, relay, secret, certificate, prefix, rtspPort, rtspsPort } = value as Readonly<Record<string, unknown>>;
	const texts = [name, relay, secret, certificate, prefix].every((text) => typeof text === "string");
	return texts && typeof rtspPort === "number" && typeof rtspsPort === "number";
}

/** The identity that is kept; undefined where this robot has not joined. Throws where the file is damaged. */
export function readIdentity(stateDir: string): Identity | undefined {
	const file = join(stateDir, FILE);
	const kept = readState(file);
	if (kept === undefined || isIdentity(kept)) return kept;
	throw new Error(`${file} is damaged; remove it and join again`);
}

/** Throws where it cannot be kept. */
export function writeIdentity(stateDir: string, identity: Identity): void {
	writeState(join(stateDir, FILE), identity);
}

/** A hash of this machine's id: the same for every start, another one on a copy of its files. */
export function machineHash(): string {
	return createHash("sha256").update(`vedette ${machineId()}`).digest("hex");
}

function machineId(): string {
	for (const file of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
		try {
			const id = readFileSync(file, "utf8").trim();
			if (id !== "") return id;
		} catch {
			// The next one, or the machine's name.
		}
	}
	return hostname();
}
