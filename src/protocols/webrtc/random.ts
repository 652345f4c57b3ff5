import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** Unguessable bytes, at most 4096: for identifiers of messages, where asking the system for each costs more than the message. */
export function randomOf(bytes: number): Uint8Array {
	if (bytes > POOL_BYTES - used) {
		randomFillSync(pool);
		used = 0;
	}
	const out = pool.slice(used, used + bytes);
	// Nobody can find out later what was given.
	pool.fill(0, used, used + bytes);
	used += bytes;
	return out;
}
