import { randomInt } from "node:crypto";
import type { PathName } from "../media/path-name.ts";
import type { Log } from "../observe/log.ts";
import { type Action, allActions } from "./actions.ts";
import { household } from "./addresses.ts";
import type { Credentials } from "./credentials.ts";
import { digestChallenge, verifyDigest } from "./digest.ts";
import { Logins } from "./logins.ts";
import { Nonces } from "./nonces.ts";
import { REALM } from "./password.ts";
import { PasswordChecks } from "./password-checks.ts";
import { Throttle } from "./throttle.ts";
import { type GuestSettings, Guests, tokenHashOf, User, type UserSettings } from "./users.ts";

export interface AccessSettings {
	/** What everybody may do without a name. */
	readonly anonymous: readonly Action[];
	/** What everybody may do on some paths, or from some addresses. */
	readonly guests?: readonly GuestSettings[];
	readonly users: readonly UserSettings[];
	/** How long a browser stays logged in, in milliseconds. */
	readonly loginTime: number;
	/** A failed login is answered after a random time up to this, in milliseconds. */
	readonly failureDelay: number;
	readonly failures: number;
	readonly failurePause: number;
	/** Where logins are kept; undefined: in memory only. */
	readonly stateDir?: string | undefined;
	/** Told of each failed login. */
	readonly log?: Log | undefined;
}

/** Somebody who was let in: a user, or an anonymous visitor (`name` is null). */
export interface Principal {
	readonly name: string | null;
	/** The same for two connections of the same user; anonymous visitors are told apart by their address. */
	readonly identity: string;
	/** Without a path: whether the action is allowed on some path. */
	may(action: Action, path?: PathName): boolean;
}

/**
 * Why somebody was not let in. `credentials`: none were given or they are wrong (401); `forbidden`: they are good but not
 * for this (403); `throttled`: too many failures from there (429).
 */
export type Refusal =
	| { readonly ok: false; readonly reason: "credentials"; readonly stale: boolean }
	| { readonly ok: false; readonly reason: "forbidden" }
	| { readonly ok: false; readonly reason: "throttled"; readonly retryAfterMs: number };

export type Outcome = { readonly ok: true; readonly principal: Principal } | Refusal;

/** The parts of the world that tests replace. */
export interface AccessWorld {
	/** Unix milliseconds. */
	now(): number;
	/** Resolves after so many milliseconds. */
	wait(milliseconds: number): Promise<void>;
}

const world: AccessWorld = {
	now: Date.now,
	wait: (milliseconds) =>
		new Promise((resolve) => {
			setTimeout(resolve, milliseconds).unref();
		}),
};

const MAX_WAITING = 1000;

const wrong: Refusal = { ok: false, reason: "credentials", stale: false };
const stale: Refusal = { ok: false, reason: "credentials", stale: true };

/** The name in credentials, for the log. */
function nameIn(credentials: Credentials): string | undefined {
	if (credentials.kind === "password") return credentials.name.slice(0, 128);
	return credentials.kind === "digest" ? credentials.answer.name.slice(0, 128) : undefined;
}

/** Who may do what. One table of users serves every protocol. */
export class Access {
	readonly #settings: AccessSettings;
	readonly #world: AccessWorld;
	readonly #log: Log | undefined;
	readonly #users: Map<string, User>;
	/** Names of those whom the configuration does not name. */
	readonly #admitted = new Set<string>();
	readonly #guests: readonly Guests[];
	readonly #byToken: ReadonlyMap<string, User>;
	readonly #throttle: Throttle;
	readonly #logins: Logins;
	readonly #nonces = new Nonces();
	readonly #passwords = new PasswordChecks();
	#waiting = 0;

	/** Throws where a password is of no known form or the kept logins are damaged. */
	constructor(settings: AccessSettings, parts: AccessWorld = world) {
		const users = settings.users.map((user) => new User(user));
		this.#settings = settings;
		this.#world = parts;
		this.#log = settings.log;
		this.#users = new Map(users.map((user) => [user.name, user]));
		this.#guests = (settings.guests ?? []).map((one) => new Guests(one));
		this.#byToken = new Map(users.flatMap((user) => (user.tokenHash === undefined ? [] : [[user.tokenHash, user]])));
		this.#throttle = new Throttle(settings);
		this.#logins = new Logins(settings.stateDir, parts.now());
	}

	/** Whether the configuration has a user of that name. */
	knows(name: string): boolean {
		return this.#users.has(name) && !this.#admitted.has(name);
	}

	/** Lets a user come that the configuration does not name, or with another password from now on. */
	admit(settings: UserSettings): void {
		this.#users.set(settings.name, new User(settings));
		this.#admitted.add(settings.name);
	}

	/** Ends that: the user is nobody from now on. */
	dismiss(name: string): void {
		this.#users.delete(name);
		this.#admitted.delete(name);
	}

	/** Whether everybody may do something without a name. */
	get isOpen(): boolean {
		return this.#settings.anonymous.length > 0 || this.#guests.length > 0;
	}

	/**
	 * Finds out who somebody at `ip` is and whether they may do `action` on `path`. Wrong credentials are answered late,
	 * which holds up nobody else. Where everybody may do it, wrong credentials do not matter.
	 */
	async check(credentials: Credentials, action: Action, path: PathName | undefined, ip: string): Promise<Outcome> {
		const found = await this.#find(credentials, ip);
		const anonymous = this.#anonymous(ip);
		if (found instanceof User) {
			const principal = this.#principal(found, ip);
			return principal.may(action, path) ? { ok: true, principal } : { ok: false, reason: "forbidden" };
		}
		if (anonymous.may(action, path)) return { ok: true, principal: anonymous };
		if (found === undefined) return wrong;
		return this.#late(found);
	}

	/** Finds out who somebody is, whatever they may do. No credentials are an anonymous visitor's. */
	async identify(credentials: Credentials, ip: string): Promise<Outcome> {
		const found = await this.#find(credentials, ip);
		if (found === undefined) return { ok: true, principal: this.#anonymous(ip) };
		return found instanceof User ? { ok: true, principal: this.#principal(found, ip) } : this.#late(found);
	}

	/** Logs a browser in: the user and the cookie's value, or why not. */
	async login(
		name: string,
		password: string,
		ip: string,
	): Promise<{ ok: true; name: string; session: string } | Refusal> {
		const found = await this.#find({ kind: "password", name, password }, ip);
		if (!(found instanceof User)) return this.#late(found ?? wrong);
		const session = this.#logins.open(found.name, found.version, this.#settings.loginTime, this.#world.now());
		return { ok: true, name: found.name, session };
	}

	/** Logs a browser out. */
	logout(session: string): void {
		this.#logins.close(session);
	}

	/**
	 * The values of the WWW-Authenticate headers for an RTSP client at `ip`: Digest SHA-256 first and MD5 last, because
	 * ffmpeg, GStreamer and live555 take the last one. Basic alone where some password is known only as a hash, unless it is
	 * about a path of a robot that has joined: its secret never goes in plain text for another's password.
	 */
	challenges(ip: string, isStale = false, path?: PathName): readonly string[] {
		const basic = `Basic realm="${REALM}"`;
		const hasDigest = (user: User | undefined): boolean => user?.ha1("MD5") !== undefined;
		const owner = path?.split("/", 1)[0] ?? "";
		const isRobots = this.#admitted.has(owner) && hasDigest(this.#users.get(owner));
		if (!isRobots && ![...this.#users.values()].every(hasDigest)) return [basic];
		const nonce = this.#nonces.make(ip, this.#world.now());
		return [digestChallenge(REALM, "SHA-256", nonce, isStale), basic, digestChallenge(REALM, "MD5", nonce, isStale)];
	}

	#anonymous(ip: string): Principal {
		const may = (action: Action, path?: PathName): boolean => this.#everybodyMay(action, path, ip);
		return { name: null, identity: `anonymous at ${ip}`, may };
	}

	#everybodyMay(action: Action, path: PathName | undefined, ip: string): boolean {
		return this.#settings.anonymous.includes(action) || this.#guests.some((guests) => guests.may(action, path, ip));
	}

	#principal(user: User, ip: string): Principal {
		return {
			name: user.name,
			identity: `user ${user.name}`,
			may: (action, path) => user.may(action, path) || this.#everybodyMay(action, path, ip),
		};
	}

	/** The user; undefined where no credentials were shown; a refusal where they are not good. */
	async #find(credentials: Credentials, ip: string): Promise<User | Refusal | undefined> {
		if (credentials.kind === "none") return undefined;
		if (credentials.kind === "session") return this.#bySession(credentials.id, ip);
		const known = credentials.kind === "password" ? this.#knownUser(credentials, ip) : undefined;
		if (known) return known;
		const home = household(ip);
		const retryAfterMs = this.#throttle.wait(home, this.#world.now());
		if (retryAfterMs > 0) return { ok: false, reason: "throttled", retryAfterMs };
		this.#throttle.take(home, this.#world.now());
		const found = await this.#verify(credentials, ip);
		if (found === undefined || (found instanceof User && !found.comesFromHere(ip))) {
			this.#log?.warn({ ip, user: nameIn(credentials) }, "login failed");
			return wrong;
		}
		this.#throttle.giveBack(home, this.#world.now());
		return found;
	}

	/** The user of a costly password that was good a moment ago, without counting or working. */
	#knownUser({ name, password }: { name: string; password: string }, ip: string): User | undefined {
		const user = this.#users.get(name);
		return user?.comesFromHere(ip) && this.#passwords.isKnown(user, password, this.#world.now()) ? user : undefined;
	}

	#bySession(id: string, ip: string): User | undefined {
		const login = this.#logins.find(id, this.#world.now());
		const user = login && this.#users.get(login.user);
		return user && user.version === login.version && user.comesFromHere(ip) ? user : undefined;
	}

	async #verify(credentials: Credentials, ip: string): Promise<User | Refusal | undefined> {
		switch (credentials.kind) {
			case "password": {
				const user = this.#users.get(credentials.name);
				return user && (await this.#passwords.check(user, credentials.password, this.#world.now())) ? user : undefined;
			}
			case "token":
				return this.#byToken.get(tokenHashOf(credentials.token));
			case "digest": {
				const { answer, method } = credentials;
				const user = this.#users.get(answer.name);
				const ha1 = user?.ha1(answer.algorithm);
				if (ha1 === undefined || answer.realm !== REALM || !verifyDigest(answer, ha1, method)) return undefined;
				const age = this.#nonces.check(answer.nonce, ip, this.#world.now());
				return age === "bad" ? undefined : age === "stale" ? stale : user;
			}
			default:
				return undefined;
		}
	}

	/** Answers a wrong guess late, by a time that tells nothing. The number of those who wait is bounded. */
	async #late(refusal: Refusal): Promise<Refusal> {
		const isGuess = refusal === wrong;
		if (!isGuess || this.#waiting >= MAX_WAITING || this.#settings.failureDelay < 1) return refusal;
		this.#waiting++;
		await this.#world.wait(randomInt(Math.ceil(this.#settings.failureDelay)));
		this.#waiting--;
		return refusal;
	}
}

/** Every action that a principal may do on some path at least. */
export function actionsOf(principal: Principal): readonly Action[] {
	return allActions.filter((action) => principal.may(action));
}
