import { join } from "node:path";
import { readState, writeState } from "../../access/state-file.ts";

/** Which cameras somebody at the robot holds still; kept in the state directory, so that it lasts over a restart. */
export class Pauses {
	readonly #file: string | undefined;
	readonly #names: Set<string>;

	/** Without a state directory nothing lasts. Throws where the file there is damaged: what somebody paused must not start again by accident. */
	constructor(stateDir: string | undefined, robot: string) {
		this.#file = stateDir && join(stateDir, `robot-${robot}-paused.json`);
		const kept = (this.#file && readState(this.#file)) ?? [];
		if (!Array.isArray(kept)) throw new Error(`${this.#file} is damaged; remove it to have no camera paused`);
		this.#names = new Set(kept.map(String));
	}

	has(camera: string): boolean {
		return this.#names.has(camera);
	}

	/** Throws where it cannot be kept. */
	set(camera: string, paused: boolean): void {
		if (paused) this.#names.add(camera);
		else this.#names.delete(camera);
		if (this.#file !== undefined) writeState(this.#file, [...this.#names]);
	}
}
