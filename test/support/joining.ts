import assert from "node:assert/strict";
import { ask } from "../../src/cli/ask.ts";
import { socketIn } from "../../src/control/control.ts";
import type { TestRelay } from "./relay.ts";

/** A relay that only its robots and `admin` may do something on. */
export const closed = { access: { anonymous: [], users: [{ name: "admin", password: "a", allow: ["admin"] }] } };

/** Asks a relay as the command line does on its machine. */
export function asOwner({ stateDir }: TestRelay, method: string, path: string, body?: object) {
	return ask({ socketPath: socketIn(stateDir) }, method, path, body);
}

/** The line that lets a robot of that name join. */
export async function invite(relay: TestRelay, name: string, more: object = {}): Promise<string> {
	const { status, body } = await asOwner(relay, "POST", "/api/robots/invite", { name, host: "127.0.0.1", ...more });
	assert.equal(status, 201, JSON.stringify(body));
	return (body as { line: string }).line;
}
