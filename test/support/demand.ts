import { type PathSettings, pathSettings } from "../../src/config/path-schema.ts";
import type { HoldStore } from "../../src/hub/demand/demand.ts";
import type { DriverOffer, DriverReports, StartOrder } from "../../src/hub/demand/driver.ts";
import { Hub } from "../../src/hub/hub.ts";
import type { Publication } from "../../src/hub/path.ts";
import type { Reader } from "../../src/hub/reader.ts";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { Pool } from "../../src/net/pool.ts";
import { h264Track, PARAMETER_SETS } from "./tracks.ts";

const track = h264Track(PARAMETER_SETS);

/** A clock that goes on when it is told to, from one timer to the next. */
class SteppedClock {
	time = 1000;
	readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>();
	now = (): number => this.time;
	unix = (): number => 1_700_000_000_000 + this.time;
	after(ms: number, call: () => void): () => void {
		const timer = { at: this.time + ms, call };
		this.#timers.add(timer);
		return () => this.#timers.delete(timer);
	}

	/** Lets so many milliseconds pass, and what was promised before each timer happen. */
	async pass(ms: number): Promise<void> {
		const end = this.time + ms;
		for (;;) {
			await settle();
			const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
			if (!next) break;
			this.#timers.delete(next);
			this.time = Math.max(this.time, next.at);
			next.call();
		}
		this.time = end;
	}
}

/** Lets every promise that can be kept be kept. */
export async function settle(): Promise<void> {
	for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** A robot with one camera: it does as it is told, after a while. */
export class SimulatedRobot {
	/** What it was told, in order. */
	readonly orders: string[] = [];
	readonly offer: DriverOffer;
	lastOrder: StartOrder | undefined;
	/** How many it was asked for. */
	keyFrames = 0;
	/** Milliseconds from a start to the first picture. */
	delay = 500;
	/** Milliseconds from a stop to the end. */
	stopDelay = 100;
	/** Why it cannot start; empty where it can. */
	fault = "";
	/** Why somebody there keeps it off; empty where nobody does. */
	held = "";
	/** Whether it loses the next order. */
	deaf = false;
	online = false;
	publication: Publication | undefined;
	#reports: DriverReports | undefined;
	#cancel = (): void => undefined;
	readonly #world: World;

	constructor(world: World) {
		this.#world = world;
		this.offer = {
			kind: "robot",
			open: (reports) => {
				this.#reports = reports;
				return {
					start: (order) => this.#order("start", order),
					stop: () => this.#order("stop", undefined),
					owns: ({ identity }) => identity === "robot",
					keyFrame: () => {
						this.keyFrames += 1;
					},
				};
			},
		};
	}

	connect(): void {
		this.online = true;
		this.#reports?.online();
	}

	disconnect(): void {
		this.online = false;
		this.#reports?.offline();
	}

	/** The stream breaks off. */
	breakOff(reason: string): void {
		this.#cancel();
		this.publication?.close(reason);
		this.publication = undefined;
	}

	/** Somebody at the robot keeps it off from now on. */
	hold(reason: string): void {
		this.held = reason;
		this.#reports?.said("held", reason);
		this.breakOff("told to stop");
	}

	publish(): void {
		if (!this.publication?.active) {
			const info = { type: "rtspSession", id: "r", remoteAddress: "192.0.2.9:1", identity: "robot" };
			this.publication = this.#world.hub.publish(this.#world.path, [track], info, { onEnd: () => undefined });
		}
		this.#reports?.said("live");
	}

	#order(what: "start" | "stop", order: StartOrder | undefined): void {
		if (!this.online) return;
		this.orders.push(what);
		if (this.deaf) {
			this.deaf = false;
			return;
		}
		this.#cancel();
		const { clock } = this.#world;
		if (what === "start" && this.held !== "") this.#reports?.said("held", this.held);
		else if (what === "stop") this.#cancel = clock.after(this.stopDelay, () => this.#stop());
		else {
			this.lastOrder = order;
			this.#reports?.said("starting");
			this.#cancel = clock.after(this.delay, () => this.#begin());
		}
	}

	#begin(): void {
		if (this.fault !== "") {
			this.#reports?.said("error", this.fault);
			return;
		}
		try {
			this.publish();
		} catch {
			this.#reports?.said("idle");
		}
	}

	#stop(): void {
		this.breakOff("told to stop");
		this.#reports?.said("idle");
	}
}

/** A hub with one path and its robot. */
export class World {
	readonly clock = new SteppedClock();
	readonly path: PathName = parsePathName("robot/front")!;
	readonly robot: SimulatedRobot;
	readonly settings: PathSettings;
	hub: Hub;
	readonly #holds: HoldStore | undefined;

	constructor(settings: Record<string, unknown> = {}, options: { holds?: HoldStore } = {}) {
		this.settings = pathSettings.parse(settings);
		this.#holds = options.holds;
		this.robot = new SimulatedRobot(this);
		this.hub = this.#makeHub();
	}

	get state(): string {
		return this.hub.demand.get(this.path)?.state ?? "none";
	}

	/** The relay is killed and runs again; the robot's stream goes with it. */
	restart(): void {
		this.hub.close("the relay is going down");
		this.robot.publication = undefined;
		this.robot.online = false;
		this.hub = this.#makeHub();
	}

	/** Comes as a protocol does: asks, waits and reads. */
	async watch(user: string, ended: (reason: string) => void = () => undefined, query = ""): Promise<Reader> {
		const info = { type: "rtspSession", id: `${user} ${this.clock.time}`, remoteAddress: "192.0.2.1:5", user };
		await this.hub.wanted(this.path, { ...info, query });
		return this.hub.read(this.path, [0], info, { onEnd: ended });
	}

	/** Somebody who is no robot publishes. */
	publishAlien(): Publication {
		const info = { type: "rtmpConn", id: "x", remoteAddress: "192.0.2.7:1", identity: "somebody" };
		return this.hub.publish(this.path, [track], info, { onEnd: () => undefined });
	}

	#makeHub(): Hub {
		const found = { key: "all_others", settings: this.settings };
		const pool = new Pool(16 * 1024 * 1024);
		const hub = new Hub({ pool, clock: this.clock, maxPaths: 10, holds: this.#holds, settings: () => found });
		hub.demand.drive(this.path, this.robot.offer);
		return hub;
	}
}
