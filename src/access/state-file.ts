import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Reads a JSON file of the state directory; undefined where it is not there. Throws where it is no JSON. */
export function readState(file: string): unknown {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
	try {
		return JSON.parse(text) as unknown;
	} catch {
		throw new Error(`${file} is damaged; remove it to start anew`);
	}
}

/** Writes a JSON file that only its owner can read, whole or not at all. */
export function writeState(file: string, value: unknown): void {
	const temporary = `${file}.${randomBytes(4).toString("hex")}`;
	try {
		writeFileSync(temporary, `${JSON.stringify(value)}\n`, { mode: 0o600, flush: true });
		chmodSync(temporary, 0o600);
		renameSync(temporary, file);
	} catch (error) {
		rmSync(temporary, { force: true });
		throw error;
	}
}
