import { type Credentials, noCredentials } from "../../access/credentials.ts";

/** What a caller's stream identifier asks for. */
export interface Target {
	/** `either`: who says nothing publishes by sending, and reads otherwise. */
	readonly action: "publish" | "read" | "either";
	/** Not checked: it comes from outside. */
	readonly path: string;
	readonly query: string;
	readonly credentials: Credentials;
}

/**
 * Reads a stream identifier: `publish:PATH[:USER:PASSWORD][:QUERY]`, `read:…`, or the access-control syntax
 * `#!::m=publish,r=PATH,u=USER,s=PASSWORD` (draft-sharabayko-srt appendix B). Undefined where it is neither.
 */
export function parseStreamId(text: string): Target | undefined {
	return text.startsWith("#!::") ? parseKeyed(text.slice(4)) : parseColons(text);
}

function parseColons(text: string): Target | undefined {
	const [action, path, ...rest] = text.split(":");
	if ((action !== "publish" && action !== "read") || !path || rest.length > 3) return undefined;
	const query = rest.length === 1 || rest.length === 3 ? rest.at(-1)! : "";
	return { action, path, query, credentials: rest.length >= 2 ? login(rest[0]!, rest[1]!) : tokenIn(query) };
}

const modes: Readonly<Record<string, Target["action"]>> = { request: "read", publish: "publish" };

function parseKeyed(text: string): Target | undefined {
	const values = new Map<string, string>();
	for (const part of text.split(",")) {
		const at = part.indexOf("=");
		if (at > 0) values.set(part.slice(0, at), part.slice(at + 1));
	}
	const mode = values.get("m") ?? "request";
	const action = Object.hasOwn(modes, mode) ? modes[mode] : undefined;
	const path = values.get("r")?.replace(/^\/+/, "");
	if (!action || !path) return undefined;
	const [user, secret] = [values.get("u"), values.get("s")];
	const credentials = user === undefined && secret === undefined ? noCredentials : login(user ?? "", secret ?? "");
	return { action, path, query: "", credentials };
}

/** Without a name the secret is a token. */
function login(name: string, password: string): Credentials {
	if (name === "" && password === "") return noCredentials;
	return name === "" ? { kind: "token", token: password } : { kind: "password", name, password };
}

function tokenIn(query: string): Credentials {
	const parameters = new URLSearchParams(query);
	const token = parameters.get("token") ?? parameters.get("jwt");
	return token ? { kind: "token", token } : noCredentials;
}
