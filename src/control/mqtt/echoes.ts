/** So many messages of ours may be under way. */
const MOST = 1000;

/**
 * Tells what comes back of what was published on topics that are listened to as well: MQTT 3.1.1 has no word for leaving
 * that out. Each message that was sent is expected once.
 */
export class Echoes {
	readonly #sent = new Map<string, number>();

	sent(topic: string, text: string): void {
		const key = `${topic}\0${text}`;
		this.#sent.set(key, (this.#sent.get(key) ?? 0) + 1);
		if (this.#sent.size > MOST) this.#sent.delete(this.#sent.keys().next().value!);
	}

	/** Whether this is one of ours; asked once for each that comes. */
	isOurs(topic: string, text: string): boolean {
		const key = `${topic}\0${text}`;
		const count = this.#sent.get(key) ?? 0;
		if (count > 1) this.#sent.set(key, count - 1);
		else this.#sent.delete(key);
		return count > 0;
	}

	/** The connection is a new one: nothing is under way. */
	clear(): void {
		this.#sent.clear();
	}
}
