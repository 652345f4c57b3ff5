import { createHash } from "node:crypto";
import type { PathName } from "../media/path-name.ts";
import type { Action } from "./actions.ts";
import { type AddressRange, addressTest } from "./addresses.ts";
import { type DigestAlgorithm, ha1Of, isSlow, parsePassword, type StoredPassword, verifyPassword } from "./password.ts";

/** What somebody may do, and on which paths. */
interface GrantSettings {
	readonly allow: readonly Action[];
	/** Patterns of path names; `*` stands for anything, and a pattern after `!` takes away again. */
	readonly paths: readonly string[];
}

/** What everybody from some addresses may do. */
export interface GuestSettings extends GrantSettings {
	/** Empty for anywhere. */
	readonly ips: readonly AddressRange[];
}

/** One user as the configuration has it. */
export interface UserSettings extends GrantSettings {
	readonly name: string;
	/** See `parsePassword`. */
	readonly password: string;
	/** Another way in, as a Bearer token: in plain or `sha256:…`. */
	readonly token?: string | undefined;
	/** Where the user may come from; empty for anywhere. */
	readonly ips: readonly AddressRange[];
	/** What the user may do beside. */
	readonly also?: readonly GrantSettings[];
}

/**
 * A test whether a path fits one of the patterns, in which `*` stands for anything, `/` too, and none of those that begin
 * with `!`.
 */
export function pathTest(patterns: readonly string[]): (path: string) => boolean {
	const taken = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
	const given = oneOf(patterns.filter((pattern) => !pattern.startsWith("!")));
	if (taken.length === 0) return given;
	const isTaken = oneOf(taken);
	return (path) => given(path) && !isTaken(path);
}

function oneOf(patterns: readonly string[]): (path: string) => boolean {
	if (patterns.includes("*")) return () => true;
	const escaped = patterns.map((pattern) =>
		pattern
			.split(/\*+/)
			.map((part) => part.replaceAll(/[^A-Za-z0-9_]/g, "\\$&"))
			.join(".*"),
	);
	const whole = new RegExp(`^(?:${escaped.join("|")})$`);
	return (path) => patterns.length > 0 && whole.test(path);
}

function fingerprint(text: string): string {
	return createHash("sha256").update(text).digest("base64url");
}

/** What somebody may do, and where. */
class Grant {
	readonly #allow: readonly Action[];
	readonly #fitsPath: (path: string) => boolean;

	constructor({ allow, paths }: GrantSettings) {
		this.#allow = allow;
		this.#fitsPath = pathTest(paths);
	}

	/** Without a path: whether it is allowed on some path. */
	may(action: Action, path?: PathName): boolean {
		return this.#allow.includes(action) && (path === undefined || this.#fitsPath(path));
	}
}

/** What everybody may do who comes from some addresses. */
export class Guests {
	readonly #grant: Grant;
	readonly #comesFromHere: (ip: string) => boolean;

	constructor(settings: GuestSettings) {
		this.#grant = new Grant(settings);
		this.#comesFromHere = settings.ips.length === 0 ? () => true : addressTest(settings.ips);
	}

	may(action: Action, path: PathName | undefined, ip: string): boolean {
		return this.#grant.may(action, path) && this.#comesFromHere(ip);
	}
}

/** A user: who they are, how they prove it, what they may do. */
export class User {
	readonly name: string;
	/** Changes with the password, so that logins made with an older one end. */
	readonly version: string;
	/** The SHA-256 of the token in base64; undefined where there is none. */
	readonly tokenHash: string | undefined;
	readonly comesFromHere: (ip: string) => boolean;
	readonly #grants: readonly Grant[];
	readonly #password: StoredPassword;

	/** Throws where the password is of none of the known forms. */
	constructor(settings: UserSettings) {
		const password = parsePassword(settings.password);
		if (!password) throw new Error(`the password of user ${settings.name} is of no known form`);
		this.name = settings.name;
		this.version = fingerprint(settings.password).slice(0, 16);
		this.tokenHash = settings.token === undefined ? undefined : tokenHashOf(settings.token);
		this.comesFromHere = settings.ips.length === 0 ? () => true : addressTest(settings.ips);
		this.#grants = [settings, ...(settings.also ?? [])].map((grant) => new Grant(grant));
		this.#password = password;
	}

	may(action: Action, path?: PathName): boolean {
		return this.#grants.some((grant) => grant.may(action, path));
	}

	/** Whether checking the password is costly on purpose. */
	get slow(): boolean {
		return isSlow(this.#password);
	}

	verify(password: string): Promise<boolean> {
		return verifyPassword(this.#password, this.name, password);
	}

	/** For Digest; undefined where only a hash of the password is known. */
	ha1(algorithm: DigestAlgorithm): string | undefined {
		return ha1Of(this.#password, this.name, algorithm);
	}
}

/** What a token is looked up by: its hash, so that the time a look-up takes tells nothing about the token. */
export function tokenHashOf(token: string): string {
	const stored = parsePassword(token);
	const hash = stored?.kind === "sha256" ? stored.hash : createHash("sha256").update(token).digest();
	return hash.toString("base64");
}
