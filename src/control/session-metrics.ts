import type { Metrics, Sample } from "../observe/metrics.ts";
import type { SessionSource } from "./http/room.ts";

const QUANTILES = [0.5, 0.95, 1];

/** What viewers report, by the field of a session in the API that holds it. */
const reports = [
	{
		field: "roundTripMs",
		unit: 0.001,
		name: "round_trip_seconds",
		help: "Round-trip time to viewers, by their reports.",
	},
	{ field: "jitterMs", unit: 0.001, name: "jitter_seconds", help: "Jitter at viewers, by their reports." },
	{
		field: "loss",
		unit: 1,
		name: "loss_ratio",
		help: "Share of packets that viewers did not get at first, by their reports.",
	},
] as const;

/** Quantiles of one figure over all sessions that have it. */
function quantiles(values: readonly number[], unit: number): Sample[] {
	if (values.length === 0) return [];
	const sorted = [...values].sort((a, b) => a - b);
	return QUANTILES.map((quantile) => ({
		value: sorted[Math.ceil(quantile * sorted.length) - 1]! * unit,
		labels: { quantile: String(quantile) },
	}));
}

/** Numbers in one field of all sessions. */
function numbers(source: SessionSource, field: string): number[] {
	return source.list().flatMap((session) => (typeof session[field] === "number" ? [session[field]] : []));
}

function byState(source: SessionSource): Sample[] {
	const counts = new Map<string, number>();
	for (const { state } of source.list()) counts.set(String(state), (counts.get(String(state)) ?? 0) + 1);
	return [...counts].map(([state, value]) => ({ value, labels: { state } }));
}

/**
 * Says how sessions of WebRTC are, over all of them: a label for each viewer would make a series for each that ever
 * came.
 */
export function describeSessions(metrics: Metrics, source: SessionSource): void {
	const name = "vedette_webrtc_sessions";
	metrics.gauge({ name, help: "WebRTC sessions: read or publish.", labels: ["state"] }, () => byState(source));
	for (const { field, unit, name, help } of reports) {
		metrics.gauge({ name: `vedette_webrtc_${name}`, help, labels: ["quantile"] }, () =>
			quantiles(numbers(source, field), unit),
		);
	}
}
