import type { Access, Principal, Refusal } from "../../access/access.ts";
import { type PathName, parsePathName, pathNameFault } from "../../media/path-name.ts";
import type { Target } from "./url.ts";

/** A request is answered with no, by a code of the protocol and a sentence. */
export class Declined extends Error {
	override readonly name = "Declined";
	/** As HTTP numbers it; undefined where no client could do anything about it. */
	readonly status: number | undefined;

	constructor(message: string, status?: number) {
		super(message);
		this.status = status;
	}
}

/** Somebody who may do what they asked for there. */
export interface Guest {
	readonly path: PathName;
	readonly principal: Principal;
}

/** Finds out whether somebody at `ip` may publish or play there. Rejects with `Declined`. */
export async function admitted(access: Access, what: "publish" | "play", target: Target, ip: string): Promise<Guest> {
	const path = parsePathName(target.path);
	if (!path) throw new Declined(`the path "${target.path.slice(0, 80)}" ${pathNameFault(target.path)}`);
	const outcome = await access.check(target.credentials, what === "publish" ? "publish" : "read", path, ip);
	if (outcome.ok) return { path, principal: outcome.principal };
	throw new Declined(refusal(outcome, what, path), statuses[outcome.reason]);
}

const statuses: Readonly<Record<Refusal["reason"], number>> = { credentials: 401, forbidden: 403, throttled: 429 };

function refusal(outcome: Refusal, what: "publish" | "play", path: PathName): string {
	switch (outcome.reason) {
		case "credentials":
			return "authentication failed: add ?user=NAME&pass=PASSWORD to the address";
		case "forbidden":
			return `this user may not ${what} "${path}"`;
		case "throttled":
			return `too many failed logins, try again in ${Math.ceil(outcome.retryAfterMs / 1000)} s`;
		default:
			return outcome satisfies never;
	}
}
