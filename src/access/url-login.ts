import { percentDecoded } from "../media/percent.ts";

/** An address and the login that stood in it. */
export interface UrlLogin {
	/** Without user and password: what may be sent and shown. */
	readonly url: URL;
	/** Decoded; empty where there is none. */
	readonly user: string;
	readonly password: string;
	/** The value of an Authorization header (RFC 7617); undefined where there is neither. */
	readonly basic: string | undefined;
}

/** Takes the login out of an address. Throws a TypeError where it is none. */
export function takeLogin(text: string): UrlLogin {
	const url = new URL(text);
	const user = percentDecoded(url.username);
	const password = percentDecoded(url.password);
	url.username = "";
	url.password = "";
	const login = `${user}:${password}`;
	const basic = login === ":" ? undefined : `Basic ${Buffer.from(login).toString("base64")}`;
	return { url, user, password, basic };
}
