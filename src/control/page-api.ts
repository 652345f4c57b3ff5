/*
 * What the page and `vedette status` are told, as docs/page-api.md describes it. The page is made from this file, too: it
 * has nothing but types. Times are Unix milliseconds by the relay's clock.
 */
import type { Stats } from "../wire/robot-messages.ts";

export interface TrackView {
	readonly kind: string;
	readonly codec: string;
	readonly width: number | null;
	readonly height: number | null;
	readonly fps: number | null;
	readonly channels: number | null;
	/** Whether it comes by WebRTC. */
	readonly webrtc: boolean;
}

export interface StreamView {
	readonly name: string;
	readonly state: "live" | "stalled" | "offline";
	readonly since: number | null;
	readonly lastPacketAt: number | null;
	readonly tracks: readonly TrackView[];
	readonly publisher: {
		readonly protocol: string;
		readonly user: string | null;
		readonly address: string | null;
	} | null;
	readonly viewers: number;
	/** bit/s. */
	readonly bitrate: number;
	readonly lost: number;
	readonly thumbnail: string | null;
	readonly watch: string;
	readonly whep: string;
}

/** How a path is that can be woken. */
export interface DemandInfo {
	readonly state: "idle" | "starting" | "live" | "stopping" | "error";
	readonly since: number;
	/** Whether what wakes it can be reached. */
	readonly online: boolean;
	readonly alwaysOn: boolean;
	/** Why it failed last. */
	readonly error: string | null;
	/** How many wait for its pictures. */
	readonly waiting: number;
	/** Who said start. */
	readonly holds: readonly (WantInfo & { readonly since: number })[];
}

/** Who wants a path. */
export interface WantInfo {
	/** How they came: `api`, `webRTCSession` … */
	readonly by: string;
	readonly user: string | null;
	readonly address: string | null;
}

export interface StreamInfo extends StreamView {
	/** Null for a path that cannot be woken. */
	readonly demand: DemandInfo | null;
	/** Why the relay gets nothing from the path's source; null where it does, or has none. */
	readonly sourceFault: string | null;
}

export interface Streams {
	readonly now: number;
	readonly streams: readonly StreamInfo[];
}

export interface CameraInfo {
	readonly name: string;
	readonly path: string;
	/** As the robot says; null before it has said anything. */
	readonly state: DemandInfo["state"] | null;
	readonly reason: string;
	/** Somebody at the robot holds it still. */
	readonly paused: boolean;
	/** Why it runs without an order, and for how many seconds more. */
	readonly trigger: { readonly name: string; readonly seconds: number } | null;
	readonly stats: Stats | null;
	/** Null where something else than the robot wakes this path. */
	readonly demand: DemandInfo | null;
	/** Who watches it, or waits for its pictures. */
	readonly wants: readonly WantInfo[];
}

export interface RobotInfo {
	readonly name: string;
	/** Whether it has an identity of its own. */
	readonly joined: boolean;
	/** Null for one that comes as a user of the configuration. */
	readonly joinedAt: number | null;
	readonly online: boolean;
	/** Its last coming or going; null for one that has not come yet. */
	readonly since: number | null;
	readonly cameras: readonly CameraInfo[];
}

export interface RobotList {
	readonly now: number;
	readonly robots: readonly RobotInfo[];
	/** How many the search has found, shown or not. */
	readonly found: number;
	readonly total: number;
	readonly online: number;
	readonly mayInvite: boolean;
}

export interface InvitationInfo {
	readonly line: string;
	readonly until: number;
}
