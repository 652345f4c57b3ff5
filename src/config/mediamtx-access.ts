import { parseCidr } from "./address.ts";
import { type Draft, type Given, isGiven, type Keys } from "./mediamtx-draft.ts";
import { patternsOf } from "./mediamtx-pattern.ts";

interface Grant {
	allow: string[];
	readonly paths: readonly string[];
}

interface Rule {
	readonly name: string;
	readonly password: string;
	readonly ips: readonly string[];
	readonly grants: Grant[];
}

/** What a path of the file says of who may use it. */
export interface PathLogins {
	/** Our patterns for exactly the paths that go by this entry. */
	readonly patterns: readonly string[];
	readonly publish: Login;
	readonly read: Login;
}

interface Login {
	readonly user: string;
	readonly password: string;
	readonly ips: readonly string[];
}

const LOCAL = ["127.0.0.1", "::1"];

const known = ["publish", "read", "playback", "api", "metrics"];

const isName = (text: string): boolean => /^[^\s:"\\]{1,128}$/.test(text);

/** Users by name, and what everybody may do. Nothing is let in that the file does not clearly let in. */
class Table {
	readonly #draft: Draft;
	readonly #key: string;
	readonly #users = new Map<string, Rule>();
	readonly #guests: Rule[] = [];

	constructor(draft: Draft, key: string) {
		this.#draft = draft;
		this.#key = key;
	}

	add(rule: Rule): void {
		if (!rule.grants.some(({ paths }) => paths.length > 0)) return;
		if (rule.name === "" || rule.name === "any") {
			if (rule.password === "") this.#guests.push(rule);
			else this.#refuse("any", "a password for everybody is not supported: that entry lets nobody in");
			return;
		}
		const fault = this.#faultOf(rule);
		const same = this.#users.get(rule.name);
		if (fault !== undefined) this.#refuse(rule.name, fault);
		else if (same) same.grants.push(...rule.grants);
		else this.#users.set(rule.name, rule);
	}

	write(from: readonly string[]): void {
		const guests = this.#guests.flatMap(({ ips, grants }) => grants.map((grant) => ({ ...grant, ips })));
		const users = [...this.#users.values()].map(({ name, password, ips, grants: [first, ...also] }) => ({
			...{ name, password, ips },
			...first,
			also,
		}));
		this.#draft.set(["access", "guests"], guests, from);
		this.#draft.set(["access", "users"], users, from);
	}

	#faultOf({ name, password, ips }: Rule): string | undefined {
		if (/^(sha256|argon2):/.test(name)) return "names that are hashed are not supported";
		if (!isName(name)) return "a name may hold no spaces, colons and quotes";
		if (password === "") return "there is no password for it";
		const same = this.#users.get(name);
		if (!same) return undefined;
		if (same.password !== password) return "it has two passwords, and only the first one is good: use two names";
		return same.ips.join() === ips.join() ? undefined : "it has two lists of addresses, and only the first is good";
	}

	#refuse(name: string, why: string): void {
		this.#draft.warn(`${this.#key} ${name.slice(0, 40)}`, why);
	}
}

/** Ranges as the file has them; those that are none are faults. */
function rangesOf(draft: Draft, value: unknown, at: readonly string[]): readonly string[] {
	const list = Array.isArray(value) ? value.map(String) : typeof value === "string" && value !== "" ? [value] : [];
	for (const one of list) if (!parseCidr(one)) draft.fault(at, 'an IP address or a range like "10.0.0.0/8"', one);
	return list;
}

function grantOf(draft: Draft, permission: Given): Grant | undefined {
	const action = String(permission.action ?? "");
	const path = String(permission.path ?? "");
	if (action === "pprof") return undefined;
	if (!known.includes(action)) {
		draft.warn("authInternalUsers action", `"${action.slice(0, 40)}" is none of ${known.join(", ")}`);
		return undefined;
	}
	if (path === "") return { allow: [action], paths: ["*"] };
	const isName = /^[A-Za-z0-9_\-./]{1,200}$/.test(path);
	const paths = path.startsWith("~") ? patternsOf(path.slice(1)) : isName ? [path] : undefined;
	if (paths) return { allow: [action], paths };
	draft.warn(
		"authInternalUsers path",
		`"${path.slice(0, 80)}" cannot be said as a pattern here: nobody gets that permission`,
	);
	return undefined;
}

function merged(grants: readonly Grant[]): Grant[] {
	const byPath = new Map<string, Grant>();
	for (const { allow, paths } of grants) {
		const same = byPath.get(paths.join());
		if (same) same.allow = [...new Set([...same.allow, ...allow])];
		else byPath.set(paths.join(), { allow: [...allow], paths });
	}
	return [...byPath.values()];
}

function listedUsers(draft: Draft, value: unknown): void {
	const table = new Table(draft, "authInternalUsers");
	const at = ["authInternalUsers"];
	if (value !== "" && !Array.isArray(value)) draft.fault(at, "a list of users", value);
	const users: readonly unknown[] = Array.isArray(value) ? value : [];
	for (const [index, one] of users.entries()) {
		const here = [...at, String(index)];
		if (!isGiven(one)) {
			draft.fault(here, "a user with its permissions", one);
			continue;
		}
		const list: readonly unknown[] = Array.isArray(one.permissions) ? one.permissions : [];
		const grants = merged(
			list.flatMap((permission) => (isGiven(permission) ? (grantOf(draft, permission) ?? []) : [])),
		);
		const ips = rangesOf(draft, one.ips, [...here, "ips"]);
		table.add({ name: String(one.user ?? ""), password: String(one.pass ?? ""), ips, grants });
	}
	table.write(at);
}

/** Everybody may publish and watch; the API is for this machine. */
function openTable(draft: Draft, key: string): Table {
	const table = new Table(draft, key);
	const allow = ["api", "metrics"];
	table.add({ name: "any", password: "", ips: LOCAL, grants: [{ allow, paths: ["*"] }] });
	return table;
}

function pathUsers(draft: Draft, logins: readonly PathLogins[]): void {
	const table = openTable(draft, "publishUser, readUser");
	for (const { patterns, publish, read } of logins) {
		const add = ({ user, password, ips }: Login, allow: string[]): void =>
			table.add({ name: user, password, ips, grants: [{ allow, paths: patterns }] });
		add(publish, ["publish"]);
		add(read, ["read", "playback"]);
	}
	table.write(["paths"]);
}

/**
 * Who may do what: `authInternalUsers`, or the older users of single paths, or MediaMTX's default, which is open. Other
 * methods of authentication let in nobody.
 */
export function translateAccess(draft: Draft, keys: Keys, logins: readonly PathLogins[]): void {
	const method = keys.text("authMethod", "internal");
	const outside = keys.has("authHTTPAddress") && !keys.has("authMethod");
	if (method !== "internal" || outside) {
		const name = method === "internal" ? "authHTTPAddress" : "authMethod";
		draft.warn(name, "only users in the file are supported: nobody is let in but this relay's own admin and publisher");
		for (const key of ["authHTTPAddress", "authInternalUsers"]) keys.raw(key);
		return;
	}
	const isOld = logins.some(({ publish, read }) =>
		[publish, read].some((one) => one.user !== "" || one.ips.length > 0),
	);
	if (keys.holds("authInternalUsers")) {
		if (isOld) draft.warn("publishUser, readUser", "left out, because the file has authInternalUsers too");
		listedUsers(draft, keys.raw("authInternalUsers"));
	} else if (isOld) pathUsers(draft, logins);
	else openUsers(draft);
}

/** MediaMTX's own default. */
function openUsers(draft: Draft): void {
	const table = openTable(draft, "authInternalUsers");
	table.add({ name: "any", password: "", ips: [], grants: [{ allow: ["publish", "read", "playback"], paths: ["*"] }] });
	table.write([]);
}
