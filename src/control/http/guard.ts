import type { FastifyRequest } from "fastify";
import type { Access, Principal } from "../../access/access.ts";
import type { Action } from "../../access/actions.ts";
import { plainAddress } from "../../access/addresses.ts";
import { type Credentials, noCredentials, readAuthorization } from "../../access/credentials.ts";
import { type PathName, parsePathName, pathNameFault } from "../../media/path-name.ts";
import { isOwnOrigin } from "./origin.ts";
import { HttpRefusal, refusalOf } from "./refusal.ts";

/** The cookie that a login leaves. */
export const SESSION_COOKIE = "vedette_session";

/** What the client shows: an Authorization header, or else the cookie, which counts only for pages of the relay itself. */
export function credentialsOf(request: FastifyRequest): Credentials {
	const { authorization } = request.headers;
	if (authorization !== undefined) return readAuthorization(authorization, request.method, request.url);
	const id = request.cookies[SESSION_COOKIE];
	return id !== undefined && isOwnOrigin(request) ? { kind: "session", id } : noCredentials;
}

/** The client's IP address, behind trusted proxies too. */
export function ipOf(request: FastifyRequest): string {
	return plainAddress(request.ip ?? "");
}

/** Lets clients in to routes, or not. */
export interface Guard {
	/** Who asks, if they may do `action` (on `path`). Throws an `HttpRefusal` with 401, 403 or 429. */
	admit(request: FastifyRequest, action: Action, path?: PathName): Promise<Principal>;
	/** Who asks; wrong credentials are an anonymous visitor's. */
	recognise(request: FastifyRequest): Promise<Principal>;
}

const owner: Principal = { name: "local", identity: "local", may: () => true };

/** For the socket in the state directory, which only the relay's own user can open. */
export const openGuard: Guard = { admit: async () => owner, recognise: async () => owner };

/** For everybody else. */
export function guardOf(access: Access): Guard {
	return {
		async admit(request, action, path) {
			const outcome = await access.check(credentialsOf(request), action, path, ipOf(request));
			if (outcome.ok) return outcome.principal;
			throw refusalOf(outcome, request, { action, path });
		},
		async recognise(request) {
			const outcome = await access.identify(credentialsOf(request), ipOf(request));
			if (outcome.ok) return outcome.principal;
			const anonymous = await access.identify(noCredentials, ipOf(request));
			if (!anonymous.ok) throw refusalOf(anonymous, request);
			return anonymous.principal;
		},
	};
}

/** The path name in a route. Throws an `HttpRefusal` where it is none. */
export function pathNameOf(text: string): PathName {
	const name = parsePathName(text);
	if (name === undefined) throw new HttpRefusal(400, `the path's name ${pathNameFault(text)}`);
	return name;
}
