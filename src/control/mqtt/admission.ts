import type { Duplex } from "node:stream";
import type { Access } from "../../access/access.ts";
import { noCredentials } from "../../access/credentials.ts";
import type { Millis } from "../../media/time.ts";
import type { Log } from "../../observe/log.ts";
import { Guest } from "./guest.ts";
import { Headcount } from "./headcount.ts";
import { isRobot, isUsable, mayReplace, type TopicPlan } from "./rights.ts";

const CLIENT_ID_OF_ROBOT = /^vedette-([A-Za-z0-9_-]{1,64})$/;
/** Who comes again and again is in the log once in so long. */
const WARN_MS = 1000;

/** What CONNACK says: in MQTT 3.1.1 (section 3.2.2.3; what has no code there is "server unavailable"), and in 5 (section 3.2.2.2). */
const codes = {
	"not authorised": { returnCode: 5, reasonCode: 0x87 },
	"quota exceeded": { returnCode: 3, reasonCode: 0x97 },
} as const;

/** A client may not come. The message is for the log. */
export class TurnedAway extends Error {
	override readonly name = "TurnedAway";
	readonly returnCode: 3 | 5;
	readonly reasonCode: number;

	constructor(why: keyof typeof codes, message: string) {
		super(message);
		this.returnCode = codes[why].returnCode;
		this.reasonCode = codes[why].reasonCode;
	}
}

/** Who asks to be let in. */
export interface Comer {
	readonly id: string;
	readonly ip: string;
	readonly user: string | undefined;
	readonly password: string;
	readonly conn: Duplex;
}

export interface AdmissionOptions {
	readonly access: Access;
	readonly plan: TopicPlan;
	/** Why a wrong password is wrong, where more is known than that; for the log and the client. */
	readonly explain: (user: string, password: string) => string | undefined;
	/** Connections of one user, or of one address without a user, at the same time. */
	readonly maxConnectionsPerUser: number;
}

/** Says who may come to the relay's broker. */
export class Admission {
	/** Clients whose user had as many connections as one may have. */
	turnedAway = 0;
	readonly #options: AdmissionOptions;
	readonly #here: Headcount;
	readonly #log: Log;
	#warnedAt: Millis = Number.NEGATIVE_INFINITY;

	constructor(options: AdmissionOptions, log: Log) {
		this.#options = options;
		this.#here = new Headcount(options.maxConnectionsPerUser);
		this.#log = log;
	}

	/**
	 * Lets somebody in. Rejects with `TurnedAway`.
	 *
	 * @param holderOf who has a client id now: a connection with the same one takes its place.
	 */
	async admit(comer: Comer, holderOf: (id: string) => Guest | undefined): Promise<Guest> {
		const { id, ip, user, password, conn } = comer;
		const { access, plan } = this.#options;
		const shown = user === undefined ? noCredentials : ({ kind: "password", name: user, password } as const);
		const outcome = await access.identify(shown, ip);
		if (!outcome.ok) throw new TurnedAway("not authorised", this.#whyNot(comer));
		const guest = new Guest(outcome.principal, ip, plan);
		const isSomebody = (["publish", "control", "api"] as const).some((action) => guest.principal.may(action));
		if (!isSomebody) throw new TurnedAway("not authorised", "not allowed");
		const holder = this.#holder(guest, id, holderOf);
		this.#count(guest, holder?.principal.identity === guest.principal.identity, conn);
		return guest;
	}

	/** A connection with the same id takes the other's place: nobody may push a robot off, or anybody else. */
	#holder({ principal }: Guest, id: string, holderOf: (id: string) => Guest | undefined): Guest | undefined {
		const robot = CLIENT_ID_OF_ROBOT.exec(id)?.[1];
		if (robot !== undefined && !isRobot(principal, robot)) {
			throw new TurnedAway("not authorised", `not the robot ${robot}`);
		}
		const holder = isUsable(id) ? holderOf(id) : undefined;
		if (!isUsable(id) || (holder && !mayReplace(principal, holder.principal, robot))) {
			throw new TurnedAway("not authorised", "this client id is taken");
		}
		return holder;
	}

	#count({ principal: { identity, name }, ip }: Guest, replaces: boolean, conn: Duplex): void {
		// It may have gone while its password was looked at; its end is not told again.
		if (conn.destroyed) throw new TurnedAway("not authorised", "it went again");
		if (this.#here.hasRoom(identity, replaces)) {
			conn.once("close", this.#here.enter(identity));
			return;
		}
		const { maxConnectionsPerUser: most } = this.#options;
		this.turnedAway += 1;
		const now = performance.now();
		if (now - this.#warnedAt >= WARN_MS) {
			this.#warnedAt = now;
			const { turnedAway } = this;
			this.#log.warn(
				{ user: name, ip, turnedAway },
				`${most} connections, as many as mqtt.maxConnectionsPerUser allows`,
			);
		}
		throw new TurnedAway("quota exceeded", `${most} connections already`);
	}

	#whyNot({ user, password, ip }: Comer): string {
		const more = user === undefined ? undefined : this.#options.explain(user, password);
		if (more !== undefined) this.#log.warn({ user, ip, reason: more }, "client refused");
		return more ?? "wrong user or password";
	}
}
