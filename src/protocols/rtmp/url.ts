import type { Credentials } from "../../access/credentials.ts";
import { noCredentials } from "../../access/credentials.ts";
import { percentDecoded } from "../../media/percent.ts";

/** RTMP addresses, and what a client's words for one mean. Pure. */

const PORT = 1935;
const TLS_PORT = 1936;

/** What a client asks for. */
export interface Target {
	/** Without slashes at its ends. Not checked: it comes from outside. */
	readonly path: string;
	/** All parameters, of the connection and of the stream. */
	readonly query: string;
	readonly credentials: Credentials;
}

function splitQuery(text: string): readonly [string, string] {
	const at = text.indexOf("?");
	return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * The path is the application and the stream's name, however a client divides the two. `user`, `pass` and `token` may
 * stand behind either, and behind the address of the connection.
 */
export function targetOf(app: string, tcUrl: string, name: string): Target {
	const [appPath, appQuery] = splitQuery(app);
	const [namePath, nameQuery] = splitQuery(name);
	const path = [appPath, namePath].map((part) => part.replace(/^\/+|\/+$/g, "")).filter((part) => part !== "");
	const connection = appQuery || splitQuery(tcUrl)[1];
	const query = [connection, nameQuery].filter((part) => part !== "").join("&");
	return { path: percentDecoded(path.join("/")), query, credentials: credentialsIn(query) };
}

function credentialsIn(query: string): Credentials {
	const parameters = new URLSearchParams(query);
	const token = parameters.get("token") ?? parameters.get("jwt");
	if (token) return { kind: "token", token };
	const [name, password] = [parameters.get("user"), parameters.get("pass")];
	if (name === null && password === null) return noCredentials;
	return { kind: "password", name: name ?? "", password: password ?? "" };
}

/** The address of a stream on another machine. */
export interface RtmpAddress {
	readonly host: string;
	readonly port: number;
	readonly tls: boolean;
	readonly app: string;
	readonly tcUrl: string;
	/** The stream's name, with its parameters. */
	readonly name: string;
}

/**
 * Parses `rtmp://user:password@host:port/app/name?query`; the last segment is the name, and what stands before the host
 * becomes the parameters `user` and `pass`. Throws a TypeError that says what is wrong, without the password.
 */
export function parseAddress(text: string): RtmpAddress {
	if (!URL.canParse(text)) throw new TypeError("not a URL");
	const url = new URL(text);
	const tls = url.protocol === "rtmps:";
	if (!tls && url.protocol !== "rtmp:") throw new TypeError(`not an rtmp URL: "${url.protocol}"`);
	if (!url.hostname) throw new TypeError("an rtmp URL without a host");
	const segments = percentDecoded(url.pathname)
		.split("/")
		.filter((segment) => segment !== "");
	if (segments.length === 0) throw new TypeError("an rtmp URL without a path");
	const app = segments.slice(0, Math.max(1, segments.length - 1)).join("/");
	const last = segments.length > 1 ? segments.at(-1)! : "";
	const query = new URLSearchParams(url.search);
	if (url.username) query.set("user", percentDecoded(url.username));
	if (url.password) query.set("pass", percentDecoded(url.password));
	const port = url.port ? Number(url.port) : tls ? TLS_PORT : PORT;
	return {
		// The brackets around an IPv6 address belong to the URL, not to the address.
		...{ host: url.hostname.replace(/^\[|\]$/g, ""), port, tls, app },
		tcUrl: `${url.protocol}//${url.host}/${app}`,
		name: query.size > 0 ? `${last}?${query}` : last,
	};
}
