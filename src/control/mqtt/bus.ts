import type { Wanter } from "../../hub/demand/wants.ts";

/** What came on a topic. */
export interface BusMessage {
	readonly topic: string;
	/** UTF-8. */
	readonly text: string;
	/** Kept by the broker from before. */
	readonly retained: boolean;
	/** Who sent it, as far as the broker tells. */
	readonly by: Wanter;
}

/** The broker as the relay uses it, be it its own or another one. What the relay itself publishes does not come back. */
export interface Bus extends AsyncDisposable {
	/** Is lost where the broker is away: what is retained is told anew at each `onUp`. */
	publish(topic: string, text: string, retain: boolean): void;
	/** Resolves when the broker has it; rejects with the reason where it is away. */
	deliver(topic: string, text: string): Promise<void>;
}

/** What a bus tells. */
export interface BusEvents {
	/** Also before the first message: topics that were subscribed to are heard from now on. */
	onUp(): void;
	onDown(): void;
	onMessage(message: BusMessage): void;
}

/** Whether a topic fits a filter with `+` and `#` (MQTT 5.0 section 4.7). */
export function fitsFilter(filter: string, topic: string): boolean {
	const parts = topic.split("/");
	const wanted = filter.split("/");
	if (topic.startsWith("$") !== filter.startsWith("$")) return false;
	const hash = wanted.indexOf("#");
	if (hash < 0 && wanted.length !== parts.length) return false;
	return wanted
		.slice(0, hash < 0 ? undefined : hash)
		.every((part, i) => (part === "+" ? i < parts.length : part === parts[i]));
}
