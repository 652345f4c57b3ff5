import type { Millis } from "../../media/time.ts";
import { BOTH_KEYS, type Keys } from "./crypto.ts";
import type { KeyFlag } from "./packet.ts";

/** Section 6.1.6: after so many packets a new key is used, and told so many packets before. */
export interface KeyRefresh {
	readonly after: number;
	readonly announce: number;
}

const REFRESH: KeyRefresh = { after: 2 ** 24, announce: 4000 };
const RETRY_MS = 500;

/** The keys that we send with, and their turns (draft-sharabayko-srt section 6.1.6). Pure. */
export class SendKeys {
	readonly #keys: Keys;
	readonly #refresh: KeyRefresh;
	readonly #tell: (message: Buffer, now: Millis) => void;
	#flag: KeyFlag;
	/** Packets since the key was turned to. */
	#since = 0;
	#isAnnounced = false;
	/** The announcement of the next key that has not been answered. */
	#announcement: { readonly message: Buffer; sentAt: Millis } | undefined;

	/** `tell` sends key material to the peer. */
	constructor(keys: Keys, refresh: KeyRefresh | undefined, tell: (message: Buffer, now: Millis) => void) {
		this.#keys = keys;
		this.#refresh = refresh ?? REFRESH;
		this.#tell = tell;
		this.#flag = keys.first;
	}

	/** The key for the next packet: the next key is told early, and turned to when its time has come. */
	turn(now: Millis): KeyFlag {
		this.#since++;
		const { after, announce } = this.#refresh;
		const next: KeyFlag = this.#flag === 1 ? 2 : 1;
		if (!this.#isAnnounced && this.#since > after - announce) {
			this.#keys.renew(next);
			this.#isAnnounced = true;
			this.#announcement = { message: this.#keys.message(BOTH_KEYS), sentAt: Number.NEGATIVE_INFINITY };
			this.tick(now);
		}
		// A peer that has not answered has no such key: the old one serves on.
		if (this.#since > after && !this.#announcement) {
			this.#flag = next;
			this.#since = 0;
			this.#isAnnounced = false;
		}
		return this.#flag;
	}

	crypt(payload: Uint8Array, flag: KeyFlag, sequence: number): Buffer | undefined {
		return this.#keys.crypt(payload, flag, sequence);
	}

	/** The peer has these keys. */
	answered(message: Buffer): void {
		if (this.#announcement?.message.equals(message)) this.#announcement = undefined;
	}

	/** Tells again what was not answered. */
	tick(now: Millis): void {
		const announcement = this.#announcement;
		if (!announcement || now - announcement.sentAt < RETRY_MS) return;
		announcement.sentAt = now;
		this.#tell(announcement.message, now);
	}
}
