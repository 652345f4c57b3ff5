import type { PathSettings } from "../../config/path-schema.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Clock } from "../clock.ts";
import type { Path, PublisherInfo } from "../path.ts";
import { Refused } from "../refused.ts";
import type { Driver, DriverOffer } from "./driver.ts";
import { asleep, dueAt, type Facts, type Phase, type PhaseAction, type PhaseEvent, step } from "./phase.ts";
import { type CameraView, type DemandEvent, type KeptHold, keptHold, nameOf, restoredHold, whyOf } from "./view.ts";
import { Waiters } from "./waiters.ts";
import { type Bounds, QUIET_MS, VISIT_MS, type Wanter, Wants } from "./wants.ts";

const ASK_AGAIN_MS = 5000;
/** Who said start is told within this whether there are pictures. */
const START_MS = 30_000;
/** Timers take no more than 24 days. */
const LONGEST_WAIT_MS = 86_400_000;
const NEVER = Number.POSITIVE_INFINITY;
const UNWANTED = "nobody wants it";

/** Somebody who comes to read, and may. */
export interface Visitor extends Wanter {
	/** What stood after `?` in the address that they came to. */
	readonly query?: string | undefined;
}

/** Whether who comes says in the address that it is no player's reconnecting: `?wake=1`. */
function saysWake({ query = "" }: Visitor): boolean {
	return new URLSearchParams(query).get("wake") === "1";
}

/** A start that somebody said aloud: by the API, MQTT, the bridge, the page. */
export interface StartRequest {
	/** `type` is how it was said: `api`, `mqtt` … A second one of a type takes the place of the first. */
	readonly by: Wanter;
	readonly bounds?: Bounds;
	/** It lapses after so long without readers; 0 for never, the path's `maxHold` where it is left out. */
	readonly lapse?: Millis;
	/** It lapses after this in any case. */
	readonly lasts?: Millis;
	/** Whether it is taken back where there are no pictures within 30 s. */
	readonly givesUp?: boolean;
}

/** What was there when a start or a stop was said. */
export type Before = Phase["at"] | "always on";

/** What a start comes to. */
export interface Started {
	readonly before: Before;
	/** Resolves when there are pictures; rejects with `Refused` after 30 s, or when it is stopped. */
	readonly pictures: Promise<void>;
}

/** What a camera needs of the house. */
export interface CameraTools {
	readonly clock: Clock;
	/** The path in the hub, while somebody publishes or reads. */
	readonly path: () => Path | undefined;
	readonly tell: (event: DemandEvent) => void;
	/** The holds have changed. */
	readonly keep: (holds: readonly KeptHold[]) => void;
	/** It sleeps, and there is nothing to remember of anybody. */
	readonly empty: () => void;
}

/** One path that can be woken: joins the table to the clock, to those who want it and to its driver. */
export class Camera {
	readonly name: PathName;
	readonly #driver: Driver;
	readonly #settings: PathSettings;
	readonly #tools: CameraTools;
	readonly #offer: DriverOffer;
	readonly #wants = new Wants();
	readonly #waiters: Waiters;
	readonly #queue: PhaseEvent[] = [];
	#phase: Phase;
	#online: boolean;
	#wasWanted = false;
	/** What happens waits for what happens now, and for `begin`. */
	#isBusy = true;
	#isClosed = false;
	/** What the kept holds say of that. */
	#isRead = false;
	#who = "";
	#stopReason = UNWANTED;
	#query = "";
	#dueAt = NEVER;
	#cancel = (): void => undefined;

	constructor(name: PathName, settings: PathSettings, tools: CameraTools, offer: DriverOffer) {
		this.name = name;
		this.#settings = settings;
		this.#tools = tools;
		this.#offer = offer;
		this.#waiters = new Waiters(tools.clock);
		this.#phase = asleep(tools.clock.now());
		this.#online = offer.kind !== "robot";
		this.#driver = offer.open({
			said: (state, reason = "") => this.#happens({ on: "said", state, reason }),
			online: () => this.#reach(true),
			offline: () => this.#reach(false),
		});
	}

	/** Asks what it drives for a key frame; undefined where it drives somebody else than who publishes, or cannot ask. */
	keyFrameOf(publisher: PublisherInfo): (() => void) | undefined {
		const driver = this.#driver;
		const isOther = driver.owns?.(publisher) === false;
		return driver.keyFrame && !isOther ? () => driver.keyFrame?.() : undefined;
	}

	/** Takes over what is there already: readers, a publisher, and the holds of a relay that ran before. */
	begin(kept: readonly KeptHold[]): void {
		const path = this.#tools.path();
		const now = this.#tools.clock.now();
		for (const { info } of path?.stream?.readers ?? []) if (!info.passive) this.#wants.read(info.id, info);
		for (const hold of kept) this.#wants.hold(restoredHold(hold, now, this.#epoch));
		this.#isBusy = false;
		this.#drain();
		if (path?.publication) this.published(path.publication.info);
		if (this.#wanted) this.#want(false, "what was wanted before");
	}

	get state(): Phase["at"] {
		return this.#phase.at;
	}

	/** Whether this publisher has to go: it was not asked to come. */
	isUnwanted(publisher: PublisherInfo): boolean {
		const isAsleep = this.#phase.at === "idle" || this.#phase.at === "stopping";
		return isAsleep && (this.#driver.owns?.(publisher) ?? false);
	}

	/** Somebody who may read comes: see `Demand.wanted`. */
	async visit(by: Visitor): Promise<void> {
		const now = this.#tools.clock.now();
		if (this.#phase.at === "live") {
			this.#wants.visit(by, now + VISIT_MS);
			// Players of HLS ask several times a second: a timer that is set already finds out that they still do.
			if (!this.#wasWanted || this.#dueAt === NEVER) this.#want(false, nameOf(by));
			return;
		}
		if (saysWake(by)) this.#wants.welcome(by);
		const quiet = this.#wants.quietFor(by, now);
		if (quiet > 0) throw new Refused("stopped", `"${this.name}" was stopped a moment ago`, quiet);
		const { startTimeout, maxReaders } = this.#settings;
		const { size } = this.#waiters;
		if (size >= maxReaders) throw new Refused("full", `${size} wait for "${this.name}", the most that may`);
		if (!this.#wanted) this.#query = by.query ?? "";
		this.#wants.visit(by, now + startTimeout);
		const pictures = this.#pictures(startTimeout);
		this.#want(false, nameOf(by));
		await pictures;
	}

	/** Somebody reads, or wants the path until further notice. */
	read(id: string, by: Wanter): void {
		this.#wants.read(id, by);
		this.#want(false, nameOf(by));
	}

	/** The reader of that name is gone. */
	left(id: string): void {
		this.#wants.left(id, this.#tools.clock.now());
		this.#look();
	}

	/** Somebody says start: see `Demand.start`. */
	start({ by, bounds = {}, lapse = this.#settings.maxHold, lasts, givesUp = false }: StartRequest): Started {
		const before = this.#phase.at;
		if (this.#isAlwaysOn) return { before: "always on", pictures: Promise.resolve() };
		const now = this.#tools.clock.now();
		const until = lasts === undefined ? undefined : now + lasts;
		const own = { ...by };
		this.#wants.hold({ by: own, since: now, lapse, until, bounds, alone: now, proved: before === "live" });
		this.#tools.tell({ at: "started", path: this.name, by });
		const pictures = before === "live" ? Promise.resolve() : this.#pictures(START_MS);
		this.#keep();
		this.#want(true, nameOf(by));
		// Not everybody who says start waits for what comes of it.
		pictures.catch(() => {
			// By now somebody may have said start again.
			if (givesUp && this.#wants.holds.some((hold) => hold.by === own)) this.release(by.type);
		});
		return { before, pictures };
	}

	/** Takes a start of that type back, without a stop: others may want it still. */
	release(type: string): void {
		this.#wants.release(type);
		this.#keep();
		this.#look();
	}

	/** Somebody says stop: see `Demand.stop`. */
	stop(by: Wanter): Before {
		const before = this.#phase.at;
		if (this.#isAlwaysOn) return "always on";
		if (before === "idle") return before;
		this.#tools.tell({ at: "stopped", path: this.name, by });
		this.#stopReason = `stopped by ${nameOf(by)}`;
		this.#wants.stop(this.#tools.clock.now());
		this.#wasWanted = false;
		this.#keep();
		this.#happens({ on: "stop" });
		return before;
	}

	published(info: PublisherInfo): void {
		const own = this.#driver.owns ? this.#driver.owns(info) : this.#phase.at !== "idle";
		this.#happens({ on: "born", own });
	}

	unpublished(reason: string): void {
		this.#happens({ on: "lost", reason });
	}

	/** The relay ends, or the driver is not there any more. */
	close(reason: string): void {
		this.#isClosed = true;
		this.#cancel();
		this.#waiters.refuse(new Refused("absent", reason));
		this.#driver.close?.();
	}

	get view(): CameraView {
		const phase = this.#phase;
		const epoch = this.#epoch;
		return {
			path: this.name,
			driver: this.#offer.kind,
			online: this.#online,
			alwaysOn: this.#isAlwaysOn,
			state: phase.at,
			since: phase.since + epoch,
			error: this.#fault,
			wants: this.#wants.people,
			waiting: this.#waiters.size,
			holds: this.#wants.holds.map((hold) => keptHold(hold, this.#wants.size > 0, epoch)),
		};
	}

	get #isAlwaysOn(): boolean {
		return this.#offer.alwaysOn ?? (this.#offer.kind === "robot" && !this.#settings.onDemand);
	}

	get #wanted(): boolean {
		return this.#isAlwaysOn || this.#wants.wanted;
	}

	get #fault(): string {
		const phase = this.#phase;
		if (phase.at === "error") return phase.reason;
		return phase.at === "idle" ? phase.error : "";
	}

	get #facts(): Facts {
		const { idleAfter } = this.#settings;
		const askAgain = this.#offer.askAgain ?? ASK_AGAIN_MS;
		const isSure = this.#driver.owns !== undefined;
		return { now: this.#tools.clock.now(), wanted: this.#wanted, online: this.#online, isSure, idleAfter, askAgain };
	}

	/** What those hear who are turned away: somebody at the driver keeps it off, or somebody said stop. */
	get #refusal(): Refused {
		if (this.#fault !== "") return new Refused("absent", `"${this.name}" is not there: ${this.#fault}`);
		return new Refused("stopped", `"${this.name}" was ${this.#stopReason}`, QUIET_MS);
	}

	/** From the monotonic clock to Unix time. */
	get #epoch(): number {
		const { clock } = this.#tools;
		return clock.unix() - clock.now();
	}

	#pictures(ms: Millis): Promise<void> {
		return this.#waiters.wait(ms, () => {
			const why = this.#online ? this.#fault || "nothing has come" : "it cannot be reached";
			return `"${this.name}" was woken, and there are no pictures after ${ms / 1000} s: ${why}`;
		});
	}

	#keep(): void {
		this.#isRead = this.#wants.size > 0;
		this.#tools.keep(this.view.holds);
	}

	#want(order: boolean, who: string): void {
		this.#wasWanted = true;
		this.#who = who;
		this.#stopReason = UNWANTED;
		this.#happens({ on: "want", order });
	}

	/** Notices that nobody wants it any more. */
	#look(): void {
		if (this.#wasWanted && !this.#wanted) {
			this.#wasWanted = false;
			this.#happens({ on: "unwanted" });
		} else this.#arm();
	}

	#reach(online: boolean): void {
		if (!online && !this.#online) return;
		this.#online = online;
		this.#happens({ on: online ? "online" : "offline" });
	}

	#due(): void {
		this.#dueAt = NEVER;
		const lapsed = this.#wants.expire(this.#tools.clock.now(), this.#online);
		for (const { by } of lapsed) this.#tools.tell({ at: "lapsed", path: this.name, by });
		if (lapsed.length > 0) this.#keep();
		this.#look();
		this.#happens({ on: "due" });
	}

	/** One timer for the table and those who want it. One that is too early does no harm, and is set again then. */
	#arm(): void {
		if (this.#isClosed) return;
		if (this.#isRead !== this.#wants.size > 0 && this.#wants.holds.length > 0) this.#keep();
		const at = Math.min(dueAt(this.#phase), this.#wants.next(this.#online));
		if (at >= this.#dueAt) return;
		this.#cancel();
		this.#dueAt = at;
		const wait = Math.min(LONGEST_WAIT_MS, Math.max(0, at - this.#tools.clock.now()));
		this.#cancel = this.#tools.clock.after(wait, () => this.#due());
	}

	/** What an action does may make the next thing happen: one after the other. */
	#happens(event: PhaseEvent): void {
		this.#queue.push(event);
		this.#drain();
	}

	#drain(): void {
		if (this.#isBusy || this.#isClosed || this.#queue.length === 0) return;
		this.#isBusy = true;
		for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#take(next);
		this.#isBusy = false;
		this.#arm();
		if (this.#phase.at === "idle" && this.#wants.isEmpty && !this.#wanted) this.#tools.empty();
	}

	#take(event: PhaseEvent): void {
		const from = this.#phase.at;
		const [next, ...actions] = step(this.#phase, event, this.#facts);
		this.#phase = next;
		for (const action of actions) this.#do(action);
		if (next.at === from) return;
		const why = whyOf(event, next.at, this.#who, this.#stopReason);
		this.#tools.tell({ at: "phase", path: this.name, from, to: next.at, why });
	}

	#do(action: PhaseAction): void {
		switch (action) {
			case "start":
				this.#driver.start({ bounds: this.#wants.bounds, query: this.#query });
				break;
			case "stop":
				this.#driver.stop(this.#stopReason);
				break;
			case "admit":
				this.#wants.admitted(this.#tools.clock.now());
				this.#waiters.admit();
				break;
			case "turn away":
				this.#waiters.refuse(this.#refusal);
				break;
			case "end readers":
				for (const reader of [...(this.#tools.path()?.stream?.readers ?? [])])
					reader.end(this.#fault || this.#stopReason);
				break;
			case "cut":
				this.#tools.path()?.publication?.end(UNWANTED);
				break;
			default:
				action satisfies never;
		}
	}
}
