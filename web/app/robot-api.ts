/** The relay's calls about robots (docs/page-api.md). */
import type { InvitationInfo, RobotList } from "../../src/control/page-api.ts";

export type { CameraInfo, InvitationInfo, RobotInfo, RobotList, WantInfo } from "../../src/control/page-api.ts";

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
