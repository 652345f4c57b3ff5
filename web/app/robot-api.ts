/** The relay's calls about robots (docs/page-api.md). */
import type { InvitationInfo, RobotList } from "../../src/control/page-api.ts";
import { call, type Outcome } from "./call.ts";

export type { CameraInfo, InvitationInfo, RobotInfo, RobotList, WantInfo } from "../../src/control/page-api.ts";

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
