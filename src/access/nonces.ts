import { createHmac, randomBytes } from "node:crypto";
import type { Millis } from "../media/time.ts";
import { sameText } from "./password.ts";

const LIFETIME_MS = 5 * 60_000;

/**
 * Nonces for Digest that need no memory: each carries its time and a proof that it was made here for that address
 * (RFC 7616 section 3.3).
 */
export class Nonces {
	readonly #key = randomBytes(32);

	/** A new nonce for a client at `ip`. `now` in milliseconds of a clock that does not go back. */
	make(ip: string, now: Millis): string {
		const head = `${Math.floor(now).toString(16).padStart(12, "0")}${randomBytes(8).toString("hex")}`;
		return head + this.#proof(head, ip);
	}

	/** `stale`: made here, but more than 5 minutes ago. */
	check(nonce: string, ip: string, now: Millis): "good" | "stale" | "bad" {
		if (!/^[0-9a-f]{60}$/.test(nonce)) return "bad";
		const head = nonce.slice(0, 28);
		if (!sameText(nonce.slice(28), this.#proof(head, ip))) return "bad";
		const age = now - Number.parseInt(head.slice(0, 12), 16);
		return age <= LIFETIME_MS ? "good" : "stale";
	}

	#proof(head: string, ip: string): string {
		return createHmac("sha256", this.#key).update(`${head} ${ip}`).digest("hex").slice(0, 32);
	}
}
