import type { Driver, DriverReports } from "../../hub/demand/driver.ts";
import type { Hub } from "../../hub/hub.ts";
import { Refused } from "../../hub/refused.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Log } from "../../observe/log.ts";
import type { Bus } from "./bus.ts";

/** The topic of a robot that knows nothing else. */
export const PLAIN_TOPIC = "robot/stream";

/**
 * Wakes a robot that knows nothing but a topic with bare `start` and `stop`, and never says how it is: it is taken to be
 * there while the broker is.
 */
class PlainRobot implements Driver {
	readonly #say: (word: "start" | "stop") => void;

	constructor(say: (word: "start" | "stop") => void) {
		this.#say = say;
	}

	start(): void {
		this.#say("start");
	}

	stop(): void {
		this.#say("stop");
	}
}

/** The robots that are reached by plain topics, as the configuration maps them. */
export class PlainRobots {
	readonly #hub: Hub;
	readonly #bus: () => Bus | undefined;
	readonly #log: Log;
	readonly #leaves = new Map<PathName, () => void>();
	readonly #reports = new Map<PathName, DriverReports>();
	#isUp = false;

	constructor(hub: Hub, bus: () => Bus | undefined, log: Log) {
		this.#hub = hub;
		this.#bus = bus;
		this.#log = log;
	}

	/** Lets this topic wake the path, where nothing else does. */
	drive(topic: string, path: PathName): void {
		const open = (reports: DriverReports): Driver => {
			this.#reports.set(path, reports);
			if (this.#isUp) queueMicrotask(() => reports.online());
			return new PlainRobot((word) => this.#bus()?.publish(topic, word, false));
		};
		try {
			this.#leaves.set(path, this.#hub.demand.drive(path, { kind: "robot", open }));
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			this.#log.warn({ topic, path, reason: error.message }, "nothing is started by this topic");
		}
	}

	/** The broker is there: each is told what is wanted of it now, because what was said meanwhile is lost. */
	up(): void {
		this.#isUp = true;
		for (const reports of this.#reports.values()) reports.online();
	}

	/** The broker is away: nobody can be reached. */
	lose(): void {
		this.#isUp = false;
		for (const reports of this.#reports.values()) reports.offline();
	}

	/** A robot that says more of itself has come: it is asked from now on. */
	leave(path: PathName): void {
		this.#leaves.get(path)?.();
		this.#leaves.delete(path);
		this.#reports.delete(path);
	}

	close(): void {
		for (const path of [...this.#leaves.keys()]) this.leave(path);
	}
}
