import { isIP } from "node:net";
import type { Millis } from "../../media/time.ts";

/** Somebody who wants a path to run. */
export interface Wanter {
	/** How they came: `rtspSession`, `webRTCSession`, `api`, `mqtt` … */
	readonly type: string;
	/** Empty for nobody in particular. */
	readonly user: string;
	/** With or without a port; empty where there is none. */
	readonly remoteAddress: string;
}

/** Pictures as somebody asked for them, in kbit/s. */
export interface Bounds {
	readonly maxBandwidth?: number | undefined;
	readonly minBandwidth?: number | undefined;
}

/** A start that keeps a path awake until a stop, or until it lapses. */
export interface Hold {
	readonly by: Wanter;
	readonly since: Millis;
	/** It lapses after so long without readers; 0 for never. */
	readonly lapse: Millis;
	/** It lapses at that time in any case. */
	readonly until: Millis | undefined;
	readonly bounds: Bounds;
	/** Since when nobody reads. */
	readonly alone: Millis;
	/** Whether there have been pictures since. */
	readonly proved: boolean;
}

/** Who came without reading, like a DESCRIBE without PLAY, is forgotten after this. */
export const VISIT_MS = 10_000;
/** A start that reaches no driver lapses after this. */
const REACH_MS = 30_000;
/** Who was sent away by a stop wakes nothing for so long by coming back. */
export const QUIET_MS = 30_000;

const NEVER = Number.POSITIVE_INFINITY;

/** Without its port; IPv6 is written with and without brackets. */
function hostOf(address: string): string {
	const plain = address.replace(/^\[(.*)\](:\d+)?$/, "$1");
	return isIP(plain) === 0 ? plain.replace(/:\d+$/, "") : plain;
}

function keyOf({ user, remoteAddress }: Wanter): string {
	return `${user}@${hostOf(remoteAddress)}`;
}

function visitOf(by: Wanter): string {
	return `${by.type} ${keyOf(by)}`;
}

/** Who wants a path, and for how long. Pure: the time comes in with each call. */
export class Wants {
	readonly #readers = new Map<string, Wanter>();
	/** By user and address: many requests of one client are one visit. */
	readonly #visits = new Map<string, { readonly by: Wanter; until: Millis }>();
	/** By how they were started. */
	readonly #holds = new Map<string, Hold>();
	readonly #quiet = new Map<string, Millis>();

	get wanted(): boolean {
		return this.#readers.size > 0 || this.#visits.size > 0 || this.#holds.size > 0;
	}

	/** Those who read, wait for pictures, or got them and have not begun to read. */
	get people(): readonly Wanter[] {
		return [...this.#readers.values(), ...[...this.#visits.values()].map(({ by }) => by)];
	}

	get holds(): readonly Hold[] {
		return [...this.#holds.values()];
	}

	/** What was asked for last. */
	get bounds(): Bounds {
		return this.holds.findLast(({ bounds }) => Object.keys(bounds).length > 0)?.bounds ?? {};
	}

	/** How many want it without having said start. */
	get size(): number {
		return this.#readers.size + this.#visits.size;
	}

	/** Who came to read does: the visit is over. */
	read(id: string, by: Wanter): void {
		this.#visits.delete(visitOf(by));
		this.#readers.set(id, by);
	}

	left(id: string, now: Millis): void {
		if (this.#readers.delete(id)) this.#alone(now);
	}

	/** Somebody asks for the path, and may read soon. */
	visit(by: Wanter, until: Millis): void {
		const key = visitOf(by);
		const known = this.#visits.get(key);
		if (known) known.until = Math.max(known.until, until);
		else this.#visits.set(key, { by, until });
	}

	/** Pictures are there: who came for them has a while to read them. */
	admitted(now: Millis): void {
		for (const visit of this.#visits.values()) visit.until = now + VISIT_MS;
		for (const [key, hold] of this.#holds) this.#holds.set(key, { ...hold, proved: true });
	}

	/** How long somebody who was sent away by a stop wakes nothing yet; 0 for anybody else. */
	quietFor(by: Wanter, now: Millis): Millis {
		return Math.max(0, (this.#quiet.get(keyOf(by)) ?? 0) - now);
	}

	/** Somebody who was sent away by a stop asks for the path again in so many words. */
	welcome(by: Wanter): void {
		this.#quiet.delete(keyOf(by));
	}

	/** Whether there is nothing to remember of anybody. */
	get isEmpty(): boolean {
		return !this.wanted && this.#quiet.size === 0;
	}

	/** Takes a start, in place of an older one of the same kind. It makes everybody welcome again. */
	hold(hold: Hold): void {
		this.#quiet.clear();
		this.#holds.delete(hold.by.type);
		this.#holds.set(hold.by.type, hold);
	}

	/** Takes a start back. */
	release(type: string): void {
		this.#holds.delete(type);
	}

	/** Nobody wants it any more; who was there is quiet for a while. */
	stop(now: Millis): void {
		this.#sweepQuiet(now);
		for (const by of this.people) this.#quiet.set(keyOf(by), now + QUIET_MS);
		this.#readers.clear();
		this.#visits.clear();
		this.#holds.clear();
	}

	/** Forgets what has lapsed, and gives the holds among it. */
	expire(now: Millis, online: boolean): readonly Hold[] {
		const before = this.size;
		for (const [key, { until }] of this.#visits) if (until <= now) this.#visits.delete(key);
		if (before > 0) this.#alone(now);
		this.#sweepQuiet(now);
		const lapsed = this.holds.filter((hold) => this.#lapseAt(hold, online) <= now);
		for (const { by } of lapsed) this.#holds.delete(by.type);
		return lapsed;
	}

	/** When `expire` is to be called next; infinite for never. */
	next(online: boolean): Millis {
		let next = NEVER;
		for (const until of this.#quiet.values()) next = Math.min(next, until);
		for (const { until } of this.#visits.values()) next = Math.min(next, until);
		for (const hold of this.#holds.values()) next = Math.min(next, this.#lapseAt(hold, online));
		return next;
	}

	#lapseAt({ since, lapse, until = NEVER, alone, proved }: Hold, online: boolean): Millis {
		const unread = lapse > 0 && this.size === 0 ? alone + lapse : NEVER;
		const unreached = proved || online ? NEVER : since + REACH_MS;
		return Math.min(until, unread, unreached);
	}

	/** The last one who reads may be gone. */
	#alone(now: Millis): void {
		if (this.size > 0) return;
		for (const [key, hold] of this.#holds) this.#holds.set(key, { ...hold, alone: now });
	}

	#sweepQuiet(now: Millis): void {
		for (const [key, until] of this.#quiet) if (until <= now) this.#quiet.delete(key);
	}
}
