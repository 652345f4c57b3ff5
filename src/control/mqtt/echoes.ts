import type { Millis } from "../../media/time.ts";
import { fitsFilter } from "./bus.ts";

/** So many messages of ours may be under way. */
const MOST = 1000;
/** What has not come back by then does not come: the broker lets nobody hear it, and another's word is not to be taken for it. */
const WITHIN_MS = 10_000;

interface Expected {
	readonly topic: string;
	readonly text: string;
	readonly until: Millis;
}

/**
 * Tells what comes back of what was published on topics that are listened to as well: MQTT 3.1.1 has no word for leaving
 * that out. Each message that was sent is expected once. Pure.
 */
export class Echoes {
	readonly #filters: readonly string[];
	/** The oldest first. */
	readonly #expected: Expected[] = [];

	/** `filters`: what is listened to. Nothing else comes back. */
	constructor(filters: readonly string[]) {
		this.#filters = filters;
	}

	sent(topic: string, text: string, now: Millis): void {
		if (!this.#filters.some((filter) => fitsFilter(filter, topic))) return;
		this.#expected.push({ topic, text, until: now + WITHIN_MS });
		if (this.#expected.length > MOST) this.#expected.shift();
	}

	/** Whether this is one of ours; asked once for each that comes. */
	isOurs(topic: string, text: string, now: Millis): boolean {
		while (this.#expected[0] && this.#expected[0].until <= now) this.#expected.shift();
		const at = this.#expected.findIndex((one) => one.topic === topic && one.text === text);
		if (at >= 0) this.#expected.splice(at, 1);
		return at >= 0;
	}
}
