import type { Demand } from "../hub/demand/demand.ts";
import { type Metrics, summed } from "../observe/metrics.ts";

/** Says which paths are awake and who wants them, for Prometheus. */
export function describeDemand(metrics: Metrics, demand: Demand): void {
	const paths = { name: "vedette_demand_paths", help: "Paths that can be woken, by state.", labels: ["state"] };
	metrics.gauge(paths, () => summed(demand.list().map(({ state }) => ({ value: 1, labels: { state } }))));
	const sum = (name: string, help: string, count: (view: ReturnType<Demand["list"]>[number]) => number): void =>
		metrics.gauge({ name, help }, () => [{ value: demand.list().reduce((all, view) => all + count(view), 0) }]);
	sum(
		"vedette_demand_wants",
		"Readers of paths that can be woken, those that wait included.",
		({ wants }) => wants.length,
	);
	sum("vedette_demand_waiting", "Readers, and those who said start, that wait for pictures.", ({ waiting }) => waiting);
	sum("vedette_demand_holds", "Starts that keep a path awake.", ({ holds }) => holds.length);
	const counters = [
		["vedette_demand_starts_total", "Times that a path was woken, or tried again.", "starts"],
		["vedette_demand_stops_total", "Times that a path was put to sleep.", "stops"],
		["vedette_demand_failures_total", "Times that a path could not start, or broke off soon.", "failures"],
	] as const;
	for (const [name, help, key] of counters) metrics.counter({ name, help }, () => [{ value: demand.counters[key] }]);
}
