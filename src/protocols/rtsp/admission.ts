import type { Access, Principal } from "../../access/access.ts";
import type { Action } from "../../access/actions.ts";
import { readAuthorization } from "../../access/credentials.ts";
import { type PathName, parsePathName, pathNameFault } from "../../media/path-name.ts";
import { Declined } from "./declined.ts";
import { headerOf, type Request } from "./message.ts";

/** Somebody who may do something there. */
export interface Guest {
	readonly path: PathName;
	readonly principal: Principal;
}

/** Finds out whether the client at `ip` may do that to the path of that name. Rejects with `Declined`. */
export async function admit(
	access: Access,
	ip: string,
	request: Request,
	action: Action,
	name: string,
): Promise<Guest> {
	const path = parsePathName(name);
	if (!path) throw new Declined(400, `the path "${name.slice(0, 40)}" ${pathNameFault(name) ?? ""}`);
	const credentials = readAuthorization(headerOf(request, "authorization"), request.method, request.url);
	const outcome = await access.check(credentials, action, path, ip);
	if (outcome.ok) return { path, principal: outcome.principal };
	switch (outcome.reason) {
		case "credentials": {
			const challenges = access.challenges(ip, outcome.stale, action === "publish" ? path : undefined);
			throw new Declined(
				401,
				"Unauthorized",
				challenges.map((value) => ["WWW-Authenticate", value] as const),
			);
		}
		case "forbidden":
			throw new Declined(403, `not allowed to ${action} "${path}"`);
		case "throttled":
			throw new Declined(503, `too many wrong logins, try again in ${Math.ceil(outcome.retryAfterMs / 1000)} s`);
		default:
			return outcome satisfies never;
	}
}
