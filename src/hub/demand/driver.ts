import type { Millis } from "../../media/time.ts";
import type { PublisherInfo } from "../path.ts";
import type { DriverState } from "./phase.ts";
import type { Bounds } from "./wants.ts";

/** What a driver is told with a start. */
export interface StartOrder {
	readonly bounds: Bounds;
	/** What stood after `?` in the address of who woke the path; empty for nothing. */
	readonly query: string;
}

/**
 * What wakes a path and puts it to sleep: a robot, a command, a source that is pulled. Orders may come twice and at any
 * time, a start right after a stop too: the last one counts, and a second one of a kind changes nothing but the bounds.
 * Must not throw.
 */
export interface Driver {
	start(order: StartOrder): void;
	stop(reason: string): void;
	/**
	 * Whether a publisher is the one that this driver wakes: it is refused while nobody wants it, and stopped when
	 * nobody does any more. Left out, whoever comes after a start is, and nobody is refused.
	 */
	owns?(publisher: PublisherInfo): boolean;
	/** A key frame is wanted, and the way the pictures come cannot ask for one. Left out where this cannot either. */
	keyFrame?(): void;
	/** It is not needed any more. What it runs ends. */
	close?(): void;
}

/** How a driver tells what it drives. May be called at any time, from within its own methods too. */
export interface DriverReports {
	said(state: DriverState, reason?: string): void;
	online(): void;
	offline(): void;
}

/** A driver and how it is to be used. */
export interface DriverOffer {
	/** A robot is out of reach until it says `online`; the others are always in reach. */
	readonly kind: "robot" | "command" | "source";
	readonly open: (reports: DriverReports) => Driver;
	/** Runs whether somebody wants it or not; left out, a robot's camera does where the path's `onDemand` is false. */
	readonly alwaysOn?: boolean;
	/** It is told again where nothing has come after this; 5 s where it is left out. */
	readonly askAgain?: Millis;
}
