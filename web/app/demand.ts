/** What the dashboard says of a path that sleeps while nobody watches. Pure. */
import type { DemandInfo } from "./relay.ts";

const LABELS = { idle: "Asleep", starting: "Starting", live: "Live", stopping: "Stopping", error: "Failing" } as const;

/** One word for its state. */
export function demandLabel({ state }: DemandInfo): string {
	return LABELS[state];
}

/** A sentence for who wonders why there is no picture. */
export function demandWords({ state, online, error }: DemandInfo): string {
	if (!online) return state === "idle" ? "Out of reach" : "Out of reach: it starts when it is back";
	if (state === "error") return `Tried again soon: ${error ?? "it could not start"}`;
	if (state === "idle") return error === null ? "Wakes when somebody watches" : `Failed last: ${error}`;
	return state === "stopping" ? "Going to sleep" : "Waiting for its first picture";
}

/** Who keeps it awake by having said start; empty where nobody does. */
export function holdWords({ holds }: DemandInfo): string {
	if (holds.length === 0) return "";
	return `Kept awake by ${holds.map(({ by, user }) => (user === null ? by : `${user} (${by})`)).join(", ")}`;
}

/** What a button would do; null where there is nothing to say. */
export function demandOrder({ state, alwaysOn }: DemandInfo): "start" | "stop" | null {
	if (alwaysOn) return null;
	return state === "idle" || state === "stopping" ? "start" : "stop";
}
