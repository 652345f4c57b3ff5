import type { Hub } from "../../hub/hub.ts";
import type { PublisherInfo } from "../../hub/path.ts";
import { Refused } from "../../hub/refused.ts";
import { type PathName, parsePathName } from "../../media/path-name.ts";
import type { Log } from "../../observe/log.ts";
import {
	type Availability,
	parseAvailability,
	parseStateReport,
	parseStats,
	type StateReport,
	type Stats,
} from "../../wire/robot-messages.ts";
import { isRobotName, parseRobotTopic, type RobotTopic, robotTopic, type TopicKind } from "../../wire/robot-topics.ts";
import type { Bus, BusMessage } from "./bus.ts";
import { RobotCamera } from "./robot-camera.ts";

/** A camera as it was heard of last. */
interface CameraTold {
	readonly path: PathName;
	readonly state: StateReport | undefined;
	/** Unix milliseconds of that. */
	readonly stateAt: number;
	readonly stats: Stats | undefined;
}

/** A robot as it was heard of last. */
export interface RobotTold {
	readonly robot: string;
	readonly online: boolean;
	/** Unix milliseconds of its coming or going. */
	readonly since: number;
	readonly cameras: readonly CameraTold[];
}

/** A robot that came by itself to this number of them is turned away. */
const MOST_ROBOTS = 10_000;
const MOST_CAMERAS = 32;
/** A robot tells whole seconds. */
const SAME_TRIGGER_MS = 2000;

export interface FleetOptions {
	readonly prefix: string;
	readonly hub: Hub;
	readonly bus: () => Bus | undefined;
	/** Unix milliseconds. */
	readonly now: () => number;
	/** What tells a robot's own publishers; undefined for one that has no identity of its own. */
	readonly ownerOf: (robot: string) => ((publisher: PublisherInfo) => boolean) | undefined;
	readonly log: Log;
	/** Something else that wakes this path is to let go of it. */
	readonly onDrive: (path: PathName) => void;
	/** A robot came, went, or has other cameras. */
	readonly onChange: (robot: RobotTold) => void;
}

interface Known {
	readonly path: PathName;
	/** It runs whether somebody wants it or not. */
	readonly alwaysOn: boolean;
	readonly camera: RobotCamera;
	readonly leave: () => void;
	state: StateReport | undefined;
	stateAt: number;
	/** Until when something at the robot wants it to run, Unix milliseconds; 0 for nothing. */
	triggeredUntil: number;
	stats: Stats | undefined;
}

class Robot {
	readonly name: string;
	readonly cameras = new Map<string, Known>();
	session = "";
	online = false;
	since: number;

	constructor(name: string, since: number) {
		this.name = name;
		this.since = since;
	}

	get told(): RobotTold {
		const cameras = [...this.cameras.values()].map(({ path, state, stateAt, stats }) => ({
			path,
			state,
			stateAt,
			stats,
		}));
		return { robot: this.name, online: this.online, since: this.since, cameras };
	}
}

type Handler = (topic: RobotTopic, text: string) => void;

/** The robots that are known from their births, and the drivers of their cameras' paths. */
export class Fleet {
	readonly #options: FleetOptions;
	readonly #robots = new Map<string, Robot>();
	readonly #handlers: Partial<Record<RobotTopic["kind"], Handler>> = {
		available: ({ robot }, text) => this.#available(robot, text),
		state: ({ robot, camera }, text) => this.#state(robot, camera ?? "", text),
		stats: ({ robot, camera }, text) => this.#stats(robot, camera ?? "", text),
	};

	constructor(options: FleetOptions) {
		this.#options = options;
	}

	/** What to listen to. */
	static filters(prefix: string): readonly string[] {
		return [`${prefix}/+/available`, `${prefix}/+/+/stream/state`, `${prefix}/+/+/stats`];
	}

	list(): readonly RobotTold[] {
		return [...this.#robots.values()].map(({ told }) => told);
	}

	take({ topic, text }: BusMessage): void {
		const parsed = parseRobotTopic(this.#options.prefix, topic);
		if (parsed) this.#handlers[parsed.kind]?.(parsed, text);
	}

	/** Knows a robot that is not here yet: what it has can be waited for. */
	expect(robot: string, cameras: readonly string[]): void {
		const known = this.#robot(robot);
		if (known) this.#setCameras(known, cameras);
	}

	/** Forgets a robot that is no more, and all that the broker keeps of it. */
	forget(name: string): void {
		const robot = this.#robots.get(name);
		if (!robot) return;
		const clear = (camera: string | undefined, kind: TopicKind): void =>
			this.#options.bus()?.publish(robotTopic(this.#options.prefix, { robot: name, camera, kind }), "", true);
		clear(undefined, "available");
		for (const camera of robot.cameras.keys()) for (const kind of ["state", "viewers"] as const) clear(camera, kind);
		this.#setCameras(robot, []);
		this.#robots.delete(name);
		this.#options.onChange({ ...robot.told, online: false });
	}

	/** A robot's connection was ended, and its will is not heard. */
	leave(name: string): void {
		const robot = this.#robots.get(name);
		if (robot) this.#go(robot);
	}

	/** The broker is away: nobody can be reached. */
	lose(): void {
		for (const robot of this.#robots.values()) this.#go(robot);
	}

	close(): void {
		for (const robot of this.#robots.values()) this.#setCameras(robot, []);
		this.#robots.clear();
	}

	#robot(name: string): Robot | undefined {
		const found = this.#robots.get(name);
		if (found) return found;
		if (this.#robots.size >= MOST_ROBOTS) {
			this.#options.log.warn({ robot: name }, `there are ${MOST_ROBOTS} robots, the most there may be`);
			return undefined;
		}
		const made = new Robot(name, this.#options.now());
		this.#robots.set(name, made);
		return made;
	}

	#available(name: string, text: string): void {
		const said = parseAvailability(text);
		const robot = said && (said.state === "online" ? this.#robot(name) : this.#robots.get(name));
		if (!robot) return;
		if (said.state === "online") this.#come(robot, said);
		// The will of a connection that a newer one has replaced marks nobody offline.
		else if (said.session === robot.session) this.#go(robot);
	}

	#come(robot: Robot, { session, cameras = [], alwaysOn = [] }: Availability): void {
		const { prefix, bus, now, log, onChange } = this.#options;
		robot.session = session;
		robot.online = true;
		robot.since = now();
		const time = JSON.stringify({ session, now: robot.since });
		bus()?.publish(robotTopic(prefix, { robot: robot.name, camera: undefined, kind: "time" }), time, false);
		this.#setCameras(robot, cameras.filter(isRobotName).slice(0, MOST_CAMERAS), new Set(alwaysOn));
		log.info({ robot: robot.name, cameras }, "robot online");
		for (const { camera } of robot.cameras.values()) camera.online();
		onChange(robot.told);
	}

	#go(robot: Robot): void {
		if (!robot.online) return;
		const { prefix, bus, now, log, onChange } = this.#options;
		robot.online = false;
		robot.since = now();
		log.info({ robot: robot.name }, "robot offline");
		for (const [name, known] of robot.cameras) {
			known.state = { state: "idle", session: robot.session, reason: "the robot is offline" };
			const topic = robotTopic(prefix, { robot: robot.name, camera: name, kind: "state" });
			bus()?.publish(topic, JSON.stringify(known.state), true);
			known.camera.offline();
		}
		onChange(robot.told);
	}

	#state(name: string, camera: string, text: string): void {
		const robot = this.#robots.get(name);
		const known = robot?.cameras.get(camera);
		const report = parseStateReport(text);
		if (!known || !report || report.session !== robot?.session || !robot.online) return;
		known.state = report;
		known.stateAt = this.#options.now();
		this.#trigger(known, report.trigger);
		const isOff = report.state === "idle" || report.state === "stopping";
		known.camera.said(report.paused && isOff ? "held" : report.state, report.reason);
	}

	/** What happens at the robot is a want of its own, for as long as the robot says. */
	#trigger(known: Known, trigger: StateReport["trigger"]): void {
		const { hub, now, log } = this.#options;
		const until = trigger ? now() + trigger.seconds * 1000 : 0;
		// The robot answers each order with its state: the same trigger again is nothing new.
		if (Math.abs(until - known.triggeredUntil) < SAME_TRIGGER_MS) return;
		known.triggeredUntil = until;
		if (!trigger) {
			hub.demand.release(known.path, "trigger");
			return;
		}
		const by = { type: "trigger", user: trigger.name, remoteAddress: "" };
		try {
			hub.demand.start(known.path, { by, lapse: 0, lasts: trigger.seconds * 1000 }).pictures.catch(() => undefined);
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			log.warn({ path: known.path, reason: error.message }, "a trigger at the robot starts nothing");
		}
	}

	#stats(name: string, camera: string, text: string): void {
		const known = this.#robots.get(name)?.cameras.get(camera);
		if (known) known.stats = parseStats(text) ?? known.stats;
	}

	#setCameras(robot: Robot, names: readonly string[], alwaysOn: ReadonlySet<string> = new Set()): void {
		for (const [name, known] of robot.cameras) {
			if (names.includes(name) && known.alwaysOn === alwaysOn.has(name)) continue;
			known.leave();
			robot.cameras.delete(name);
		}
		for (const name of names.filter((one) => !robot.cameras.has(one))) {
			const known = this.#drive(robot.name, name, alwaysOn.has(name));
			if (known) robot.cameras.set(name, known);
		}
	}

	/** Undefined where the configuration has no such path, or something else drives it. */
	#drive(robot: string, camera: string, alwaysOn: boolean): Known | undefined {
		const { prefix, hub, bus, now, ownerOf, onDrive, log } = this.#options;
		const path = parsePathName(`${robot}/${camera}`);
		if (!path) return undefined;
		const options = { prefix, robot, camera, bus, now, owns: ownerOf(robot) };
		let made: RobotCamera | undefined;
		onDrive(path);
		try {
			const leave = hub.demand.drive(path, {
				kind: "robot",
				alwaysOn,
				open: (reports) => {
					made = new RobotCamera(options, reports);
					return made;
				},
			});
			return (
				made && {
					path,
					alwaysOn,
					camera: made,
					leave,
					state: undefined,
					stateAt: 0,
					triggeredUntil: 0,
					stats: undefined,
				}
			);
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			log.warn({ robot, camera, reason: error.message }, "this camera cannot be on demand");
			return undefined;
		}
	}
}
