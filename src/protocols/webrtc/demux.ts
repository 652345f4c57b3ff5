import { stunUser } from "../../wire/stun.ts";
import type { Route } from "./ice.ts";
import type { Session } from "./session.ts";

/** Addresses that one session may hold at a time. */
const MAX_ROUTES = 32;

/** Which session a datagram belongs to: by the STUN user name, then by the address that proved it. */
export class Demux {
	/** Datagrams that belong to nobody. */
	strays = 0;
	readonly #byUser = new Map<string, Session>();
	readonly #byRoute = new Map<string, { readonly session: Session; readonly route: Route }>();
	readonly #routes = new Map<Session, string[]>();

	/** Takes a session in, or its new user names after an ICE restart. */
	name(session: Session): void {
		for (const user of session.ice.ufrags) this.#byUser.set(user, session);
		if (!this.#routes.has(session)) this.#routes.set(session, []);
	}

	/** Whether the route belongs to a session. */
	holds(route: Route): boolean {
		return this.#byRoute.get(route.key)?.route === route;
	}

	/** Hands a datagram on. `makeRoute` is called for an address that is not known yet. */
	input(datagram: Buffer, key: string, makeRoute: () => Route): void {
		const known = this.#byRoute.get(key);
		const user = datagram[0]! < 4 ? stunUser(datagram) : "";
		if (user === "") {
			if (known) known.session.input(datagram, known.route);
			else this.strays++;
			return;
		}
		const session = this.#byUser.get(user);
		if (!session) {
			this.strays++;
			return;
		}
		const route = known?.route ?? makeRoute();
		if (session.input(datagram, route) && known?.session !== session) this.#bind(session, route);
	}

	#bind(session: Session, route: Route): void {
		const keys = this.#routes.get(session);
		// It may have ended by what it was just given.
		if (!keys) return;
		this.#byRoute.set(route.key, { session, route });
		keys.push(route.key);
		const oldest = keys.length > MAX_ROUTES ? keys.shift() : undefined;
		if (oldest !== undefined && this.#byRoute.get(oldest)?.session === session) this.#byRoute.delete(oldest);
	}

	/** A connection is closed. */
	closed(route: Route): void {
		const known = this.#byRoute.get(route.key);
		if (known?.route !== route) return;
		this.#byRoute.delete(route.key);
		known.session.forget(route);
	}

	/** Forgets a session. `users` are all user names that it ever had. */
	remove(session: Session, users: Iterable<string>): void {
		for (const user of users) this.#byUser.delete(user);
		for (const key of this.#routes.get(session) ?? []) {
			const known = this.#byRoute.get(key);
			if (known?.session !== session) continue;
			this.#byRoute.delete(key);
			known.route.close?.();
		}
		this.#routes.delete(session);
	}
}
