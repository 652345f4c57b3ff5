import type { CameraView } from "../hub/demand/view.ts";
import type { Wanter } from "../hub/demand/wants.ts";
import type { DemandInfo, WantInfo } from "./page-api.ts";

/** Null for a path that cannot be woken. */
export function streamDemand(view: CameraView | undefined): DemandInfo | null {
	if (!view) return null;
	const { state, online, alwaysOn, error, waiting } = view;
	return {
		...{ state, online, alwaysOn, waiting },
		since: Math.round(view.since),
		error: error || null,
		holds: view.holds.map(({ by, since }) => ({ ...wantInfo(by), since: Math.round(since) })),
	};
}

/** Who wants a path. */
export function wantInfo({ type, user, remoteAddress }: Wanter): WantInfo {
	return { by: type, user: user || null, address: remoteAddress || null };
}

/** Without the addresses of those who said start. */
export function withoutAddresses(demand: DemandInfo): DemandInfo {
	return { ...demand, holds: demand.holds.map((hold) => ({ ...hold, address: null })) };
}
