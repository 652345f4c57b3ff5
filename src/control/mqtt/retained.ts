/** What clients may let the broker keep: all of them together, and each of them. */
const MOST_TOPICS = 100_000;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_TOPICS_OF_ONE = 1000;
const MOST_BYTES_OF_ONE = 1024 * 1024;

interface Amount {
	topics: number;
	bytes: number;
}

/** Counts what the broker keeps for clients, which lies in memory for as long as the relay runs. Pure. */
export class Retained {
	readonly #kept = new Map<string, { readonly owner: string; readonly bytes: number }>();
	readonly #owners = new Map<string, Amount>();
	readonly #all: Amount = { topics: 0, bytes: 0 };

	/**
	 * Counts a message of `owner` in place of the last one on its topic; one without a payload takes that away.
	 *
	 * @param bytes of the payload and all that belongs to it.
	 * @returns why it may not be kept; undefined where it may.
	 */
	keep(owner: string, topic: string, bytes: number): string | undefined {
		const last = this.#kept.get(topic);
		const own = this.#owners.get(owner) ?? { topics: 0, bytes: 0 };
		const mine = last?.owner === owner ? last.bytes : 0;
		const more = bytes > 0;
		if (more && own.topics + (mine > 0 ? 0 : 1) > MOST_TOPICS_OF_ONE)
			return `more than ${MOST_TOPICS_OF_ONE} kept topics`;
		if (more && own.bytes - mine + bytes > MOST_BYTES_OF_ONE) return `more than ${MOST_BYTES_OF_ONE} kept bytes`;
		if (more && this.#all.topics + (last ? 0 : 1) > MOST_TOPICS)
			return `the broker keeps ${MOST_TOPICS} topics already`;
		if (more && this.#all.bytes - (last?.bytes ?? 0) + bytes > MOST_BYTES)
			return `the broker keeps ${MOST_BYTES} bytes`;
		if (last) this.#add(topic, last.owner, -1, -last.bytes);
		if (!more) return undefined;
		this.#kept.set(topic, { owner, bytes });
		this.#add(topic, owner, 1, bytes);
		return undefined;
	}

	#add(topic: string, owner: string, topics: number, bytes: number): void {
		if (topics < 0) this.#kept.delete(topic);
		const own = this.#owners.get(owner) ?? { topics: 0, bytes: 0 };
		for (const amount of [own, this.#all]) {
			amount.topics += topics;
			amount.bytes += bytes;
		}
		if (own.topics > 0) this.#owners.set(owner, own);
		else this.#owners.delete(owner);
	}
}
