import type { Hub } from "../../hub/hub.ts";
import type { Log } from "../../observe/log.ts";
import { type Enrolment, type Welcome, writeInvitation } from "../../wire/invitation.ts";
import type { RobotTold } from "../mqtt/fleet.ts";
import type { Mqtt } from "../mqtt/mqtt.ts";
import type { CameraInfo, InvitationInfo, RobotInfo } from "../page-api.ts";
import { streamDemand, wantInfo } from "../stream-demand.ts";
import { type Registry, RegistryError } from "./registry.ts";

/** How the relay is reached and known, for robots that join. */
export interface JoinInfo {
	/** A name or address that robots can reach; may be said otherwise for each invitation. */
	readonly host: string;
	readonly httpPort: number;
	/** SHA-256 of the certificate, hexadecimal. */
	readonly fingerprint: string;
	readonly prefix: string;
	readonly rtspPort: number;
	readonly rtspsPort: number;
}

/** Of a camera that many watch so many are named. */
const MOST_WANTS = 20;

/** robot2 before robot10. */
const byName = new Intl.Collator("en", { numeric: true });

/** What people do with robots: invite, see, revoke. */
export class Robots {
	readonly #hub: Hub;
	readonly #registry: Registry;
	readonly #mqtt: Mqtt | undefined;
	readonly #info: () => JoinInfo;
	readonly #log: Log;

	constructor(hub: Hub, registry: Registry, mqtt: Mqtt | undefined, info: () => JoinInfo, log: Log) {
		this.#hub = hub;
		this.#registry = registry;
		this.#mqtt = mqtt;
		this.#info = info;
		this.#log = log;
	}

	list(): readonly RobotInfo[] {
		const told = new Map((this.#mqtt?.fleet.list() ?? []).map((robot) => [robot.robot, robot]));
		const joined = new Map(this.#registry.list().map(({ name, since }) => [name, since]));
		const names = new Set([...told.keys(), ...joined.keys()]);
		return [...names].sort(byName.compare).map((name) => {
			const robot = told.get(name);
			const cameras = (robot?.cameras ?? []).map((camera) => this.#camera(name, camera));
			const joinedAt = joined.get(name) ?? null;
			const { online = false, since = null } = robot ?? {};
			return { name, joined: joinedAt !== null, joinedAt, online, since, cameras };
		});
	}

	#camera(robot: string, { path, state, stateAt, stats }: RobotTold["cameras"][number]): CameraInfo {
		const view = this.#hub.demand.get(path);
		const passed = (this.#hub.clock.unix() - stateAt) / 1000;
		return {
			name: path.slice(robot.length + 1),
			path,
			state: state?.state ?? null,
			reason: state?.reason ?? "",
			paused: state?.paused === true,
			trigger: state?.trigger
				? { ...state.trigger, seconds: Math.max(0, Math.ceil(state.trigger.seconds - passed)) }
				: null,
			stats: stats ?? null,
			demand: streamDemand(view),
			wants: (view?.wants ?? []).slice(0, MOST_WANTS).map(wantInfo),
		};
	}

	/** The line that lets a robot join. Throws a `RegistryError`. */
	invite(name: string, replace: boolean, host: string | undefined): InvitationInfo {
		if (!this.#mqtt?.upgrade) {
			throw new RegistryError(409, "robots join by the relay's own broker: set mqtt.broker to embedded");
		}
		const info = this.#info();
		const { code, until } = this.#registry.invite(name, replace);
		const { httpPort: port, fingerprint } = info;
		this.#log.info({ robot: name, replace }, "robot invited");
		return { line: writeInvitation({ host: host ?? info.host, port, robot: name, code, fingerprint }), until };
	}

	/** Throws a `RegistryError`. */
	enrol(enrolment: Enrolment, ip: string): Welcome {
		this.#registry.enrol(enrolment);
		this.#end(enrolment.name, "another robot has taken its place");
		this.#log.info({ robot: enrolment.name, ip }, "robot joined");
		const { prefix, rtspPort, rtspsPort } = this.#info();
		return { name: enrolment.name, prefix, rtspPort, rtspsPort };
	}

	/** Ends a robot's right to come, and what it does now; false where there is none of that name. */
	revoke(name: string): boolean {
		if (!this.#registry.revoke(name)) return false;
		this.#end(name, "the robot was revoked");
		this.#mqtt?.fleet.forget(name);
		this.#log.info({ robot: name }, "robot revoked");
		return true;
	}

	#end(name: string, reason: string): void {
		const identity = `user ${name}`;
		this.#mqtt?.kick(identity);
		this.#mqtt?.fleet.leave(name);
		for (const { publication } of [...this.#hub.paths]) {
			if (publication?.info.identity === identity) publication.end(reason);
		}
	}
}
