import { createHmac, randomBytes } from "node:crypto";
import type { User } from "./users.ts";

const MAX_UNDER_WAY = 64;
const MAX_KNOWN = 10_000;
const KNOWN_MS = 60_000;

/**
 * Checks passwords. Those that are costly on purpose are checked once a minute, and once where many ask the same at the
 * same time; how many are checked at once is bounded.
 */
export class PasswordChecks {
	readonly #key = randomBytes(32);
	/** Good a moment ago: by a keyed hash of name and password, until when. */
	readonly #known = new Map<string, number>();
	readonly #underWay = new Map<string, Promise<boolean>>();

	/** Whether this costly password was good a moment ago. */
	isKnown(user: User, password: string, now: number): boolean {
		return user.slow && (this.#known.get(this.#keyOf(user, password)) ?? 0) > now;
	}

	/** Whether the password is the user's. False too where too many are being checked. */
	async check(user: User, password: string, now: number): Promise<boolean> {
		if (!user.slow) return user.verify(password);
		const key = this.#keyOf(user, password);
		const underWay = this.#underWay.get(key);
		if (underWay) return underWay;
		if (this.#underWay.size >= MAX_UNDER_WAY) return false;
		const check = user.verify(password);
		this.#underWay.set(key, check);
		try {
			const good = await check;
			if (good) this.#remember(key, now);
			return good;
		} finally {
			this.#underWay.delete(key);
		}
	}

	#keyOf(user: User, password: string): string {
		return createHmac("sha256", this.#key).update(`${user.name}\0${user.version}\0${password}`).digest("base64");
	}

	#remember(key: string, now: number): void {
		this.#known.delete(key);
		this.#known.set(key, now + KNOWN_MS);
		if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
	}
}
