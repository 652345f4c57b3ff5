/** The relay's calls about robots (docs/page-api.md). */
import type { DemandInfo } from "./relay.ts";

/** Who watches or keeps a camera awake. */
export interface WantInfo {
	readonly by: string;
	readonly user: string | null;
	readonly address: string | null;
}

export interface CameraInfo {
	readonly name: string;
	readonly path: string;
	/** As the robot says; null before it has said anything. */
	readonly state: DemandInfo["state"] | null;
	readonly reason: string;
	/** Somebody at the robot holds it still. */
	readonly paused: boolean;
	readonly trigger: { readonly name: string; readonly seconds: number } | null;
	readonly stats: {
		/** kbit/s. */
		readonly bitrate: number;
		readonly fps: number;
		readonly dropped: number;
		/** Milliseconds. */
		readonly rtt?: number;
		/** 0 to 1. */
		readonly loss?: number;
		/** Degrees Celsius. */
		readonly temperature?: number;
	} | null;
	/** Null where something else than the robot wakes this path. */
	readonly demand: DemandInfo | null;
	readonly wants: readonly WantInfo[];
}

export interface RobotInfo {
	readonly name: string;
	readonly joined: boolean;
	/** Unix milliseconds by the relay's clock, as all here; null for one that has not joined. */
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

/** What came of a call: its answer, or a sentence for people. */
export type Outcome<T> = { readonly is: "done"; readonly value: T } | { readonly is: "refused"; readonly why: string };

async function call<T>(method: string, url: string, body?: object): Promise<Outcome<T>> {
	try {
		const json = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
		const response = await fetch(url, { method, cache: "no-store", ...json });
		const answer = response.status === 204 ? undefined : await response.json();
		if (response.ok) return { is: "done", value: answer };
		return { is: "refused", why: answer?.error ?? `The relay answered with status ${response.status}.` };
	} catch {
		return { is: "refused", why: "The relay does not answer." };
	}
}

/** Robots whose name or cameras hold all words of `search`, at most `limit` of them. */
export function listRobots(search: string, limit: number): Promise<Outcome<RobotList>> {
	return call("GET", `/api/robots?${new URLSearchParams({ search, limit: String(limit) })}`);
}

/** The line that lets a robot join. `host`: how it reaches the relay; empty for what the relay thinks. */
export function inviteRobot(name: string, host: string, replace: boolean): Promise<Outcome<InvitationInfo>> {
	return call("POST", "/api/robots/invite", { name, replace, ...(host !== "" && { host }) });
}

export function revokeRobot(name: string): Promise<Outcome<undefined>> {
	return call("DELETE", `/api/robots/${encodeURIComponent(name)}`);
}
