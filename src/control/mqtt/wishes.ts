import type { Hub } from "../../hub/hub.ts";
import { Refused } from "../../hub/refused.ts";
import { type PathName, parsePathName } from "../../media/path-name.ts";
import type { Log } from "../../observe/log.ts";
import { parseWanted } from "../../wire/robot-messages.ts";
import { parseRobotTopic } from "../../wire/robot-topics.ts";
import type { BusMessage } from "./bus.ts";
import type { PlainTopics } from "./plain-topics.ts";

export interface WishOptions {
	readonly prefix: string;
	readonly hub: Hub;
	readonly plain: PlainTopics;
	readonly log: Log;
}

/** Starts and stops what somebody asks for on the topics for that. */
export class Wishes {
	readonly #options: WishOptions;

	constructor(options: WishOptions) {
		this.#options = options;
	}

	/** What to listen to. */
	static filters(prefix: string, plain: Iterable<string>): readonly string[] {
		return [`${prefix}/+/+/stream/set`, ...plain];
	}

	/** Messages on other topics are not looked at. */
	take({ topic, text, retained, by }: BusMessage): void {
		const path = this.#pathOf(topic);
		// A command that was kept by the broker is an old one.
		if (path === undefined || retained) return;
		const { hub, log } = this.#options;
		const wanted = parseWanted(text);
		if (!wanted) {
			log.warn({ topic, text: text.slice(0, 80) }, 'neither "start" nor "stop"');
			return;
		}
		try {
			const { maxBitrate: maxBandwidth, minBitrate: minBandwidth } = wanted;
			if (wanted.do === "stop") hub.demand.stop(path, by);
			else hub.demand.start(path, { by, bounds: { maxBandwidth, minBandwidth } }).pictures.catch(() => undefined);
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			log.warn({ topic, reason: error.message }, `cannot ${wanted.do}`);
		}
	}

	#pathOf(topic: string): PathName | undefined {
		const { prefix, plain, log } = this.#options;
		if (plain.has(topic)) {
			const path = plain.pathOf(topic);
			if (!path) log.warn({ topic }, "whose start or stop is this? Name its path in mqtt.topics");
			return path;
		}
		const { kind, robot, camera } = parseRobotTopic(prefix, topic) ?? {};
		return kind === "set" ? parsePathName(`${robot}/${camera}`) : undefined;
	}
}
