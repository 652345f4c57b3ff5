import type { Hub } from "../../hub/hub.ts";
import { type PathName, parsePathName } from "../../media/path-name.ts";
import { PLAIN_TOPIC } from "./plain.ts";

/** The topics with bare `start` and `stop`, and whose start and stop they are about. */
export class PlainTopics {
	readonly #hub: Hub;
	readonly #mapped: ReadonlyMap<string, PathName | undefined>;

	/** `topics`: path names by topic, as the configuration maps them. */
	constructor(topics: Readonly<Record<string, string>>, hub: Hub) {
		const mapped = Object.entries(topics).map(([topic, path]) => [topic, parsePathName(path)] as const);
		this.#hub = hub;
		this.#mapped = new Map([[PLAIN_TOPIC, undefined], ...mapped]);
	}

	get names(): readonly string[] {
		return [...this.#mapped.keys()];
	}

	/** Where the relay itself says start and stop: the first one that the configuration maps, or the usual one. */
	get own(): string {
		return this.mapped[0]?.[0] ?? PLAIN_TOPIC;
	}

	/** Those that the configuration maps to a path. */
	get mapped(): readonly (readonly [topic: string, path: PathName])[] {
		return [...this.#mapped].flatMap(([topic, path]) => (path ? [[topic, path] as const] : []));
	}

	has(topic: string): boolean {
		return this.#mapped.has(topic);
	}

	/** The path that a start there is about: the mapped one, or that of the only camera there is. */
	pathOf(topic: string): PathName | undefined {
		return this.#mapped.get(topic) ?? this.#onlyCamera();
	}

	#onlyCamera(): PathName | undefined {
		const robots = this.#hub.demand.list().filter(({ driver }) => driver === "robot");
		return robots.length === 1 ? robots[0]?.path : undefined;
	}
}
