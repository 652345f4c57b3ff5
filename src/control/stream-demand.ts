import type { CameraView } from "../hub/demand/view.ts";

/** How a path that can be woken is, as docs/page-api.md describes it. Times are Unix milliseconds. */
export interface StreamDemand {
	readonly state: CameraView["state"];
	readonly since: number;
	/** Whether what wakes it can be reached. */
	readonly online: boolean;
	readonly alwaysOn: boolean;
	/** Why it failed last. */
	readonly error: string | null;
	readonly waiting: number;
	readonly holds: readonly {
		readonly by: string;
		readonly user: string | null;
		readonly address: string | null;
		readonly since: number;
	}[];
}

/** Null for a path that cannot be woken. */
export function streamDemand(view: CameraView | undefined): StreamDemand | null {
	if (!view) return null;
	const { state, online, alwaysOn, error, waiting } = view;
	return {
		...{ state, online, alwaysOn, waiting },
		since: Math.round(view.since),
		error: error || null,
		holds: view.holds.map(({ by, since }) => ({
			by: by.type,
			user: by.user || null,
			address: by.remoteAddress || null,
			since: Math.round(since),
		})),
	};
}

/** Without the addresses of those who said start. */
export function withoutAddresses(demand: StreamDemand): StreamDemand {
	return { ...demand, holds: demand.holds.map((hold) => ({ ...hold, address: null })) };
}
