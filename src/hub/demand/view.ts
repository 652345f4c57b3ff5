import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { DriverOffer } from "./driver.ts";
import type { Phase, PhaseEvent } from "./phase.ts";
import type { Bounds, Hold, Wanter } from "./wants.ts";

/** A hold as it is kept over a restart and shown. Times are Unix milliseconds. */
export interface KeptHold {
	readonly by: Wanter;
	readonly since: number;
	/** It lapses after so long without readers; 0 for never. */
	readonly lapse: Millis;
	/** It lapses then in any case. */
	readonly until: number | undefined;
	readonly bounds: Bounds;
	/** Since when nobody reads; undefined where somebody does. */
	readonly alone: number | undefined;
}

/** A path that can be woken, for people. Times are Unix milliseconds. */
export interface CameraView {
	readonly path: PathName;
	readonly driver: DriverOffer["kind"];
	readonly online: boolean;
	readonly alwaysOn: boolean;
	readonly state: Phase["at"];
	readonly since: number;
	/** Why it failed last; empty where it did not. */
	readonly error: string;
	/** Who reads, waits for pictures, or was let in to read a moment ago. */
	readonly wants: readonly Wanter[];
	/** How many wait for pictures. */
	readonly waiting: number;
	readonly holds: readonly KeptHold[];
}

/** What is told of paths that can be woken: to the log, MQTT, the page. */
export type DemandEvent =
	| {
			readonly at: "phase";
			readonly path: PathName;
			readonly from: Phase["at"];
			readonly to: Phase["at"];
			/** For people. */
			readonly why: string;
	  }
	| { readonly at: "started" | "stopped" | "lapsed"; readonly path: PathName; readonly by: Wanter };

/** `epoch` is what makes Unix time of the monotonic clock's. */
export function keptHold(hold: Hold, isRead: boolean, epoch: number): KeptHold {
	const { by, since, lapse, until, bounds, alone } = hold;
	const aloneSince = isRead ? undefined : alone + epoch;
	return { by, since: since + epoch, lapse, until: until && until + epoch, bounds, alone: aloneSince };
}

/** A hold of a relay that ran before: the driver has as long to be there as after a start. */
export function restoredHold({ by, lapse, until, bounds, alone }: KeptHold, now: Millis, epoch: number): Hold {
	const aloneSince = alone === undefined ? now : alone - epoch;
	return { by, since: now, lapse, until: until && until - epoch, bounds, alone: aloneSince, proved: false };
}

/** For people. */
export function nameOf({ type, user }: Wanter): string {
	return user === "" ? type : `${user} (${type})`;
}

/** Why a phase has come, for the log. `who` wanted it last, `stop` is why it was stopped last. */
export function whyOf(event: PhaseEvent, to: Phase["at"], who: string, stop: string): string {
	switch (event.on) {
		case "want":
			return `wanted by ${who}`;
		case "stop":
			return stop;
		case "born":
			return "it publishes";
		case "lost":
			return event.reason;
		case "said":
			return `it says "${event.state}"${event.reason === "" ? "" : `: ${event.reason}`}`;
		case "due":
			return to === "starting" ? "tried again" : "nobody wants it";
		default:
			return event.on;
	}
}
