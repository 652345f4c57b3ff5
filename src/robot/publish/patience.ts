import { type Backoff, backoffMs } from "../../net/backoff.ts";

const BACKOFF: Backoff = { firstMs: 500, mostMs: 10_000 };
/** Servers make everybody behind an address wait whose logins are wrong: who has none that is right asks seldom. */
const WRONG_LOGIN_BACKOFF: Backoff = { firstMs: 2000, mostMs: 300_000 };
/** A connection that stood this long was a good one: its end is the first failure again. */
const GOOD_AFTER_MS = 10_000;

const UNAUTHORIZED = 401;
/** "Come back later", as HTTP and RTMP, RTSP and SRT (libsrt's "overload") say it: no news about the login. */
const LATER: readonly (number | undefined)[] = [429, 503, 402];

/** What is to be done about an attempt that failed, or a connection that ended. */
interface Verdict {
	readonly waitMs: number;
	/** The server takes this login no more, or never did: told once, until something else happens. */
	readonly isWrongLogin: boolean;
}

/** Decides when a server is to be called again. Pure. */
export class Patience {
	#failures = 0;
	#wrongLogins = 0;

	/**
	 * An attempt has come to its end.
	 *
	 * @param status of the server's refusal, as HTTP numbers it; undefined where it was none.
	 * @param lastedMs from the attempt's beginning to the end of what came of it.
	 * @param random a number from 0 to 1.
	 */
	after(status: number | undefined, lastedMs: number, random: number): Verdict {
		this.#failures = lastedMs >= GOOD_AFTER_MS ? 1 : this.#failures + 1;
		if (status === UNAUTHORIZED) this.#wrongLogins += 1;
		else if (!LATER.includes(status)) this.#wrongLogins = 0;
		const wrong = this.#wrongLogins;
		const waitMs =
			wrong > 0 ? backoffMs(WRONG_LOGIN_BACKOFF, wrong, random) : backoffMs(BACKOFF, this.#failures, random);
		return { waitMs, isWrongLogin: status === UNAUTHORIZED && wrong === 1 };
	}
}
