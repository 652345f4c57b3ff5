import { performance } from "node:perf_hooks";
import { Counter, Gauge, Registry } from "prom-client";
import type { Histogram } from "./histogram.ts";

/** One value of a metric, told apart from the others by its labels. */
export interface Sample {
	readonly value: number;
	readonly labels?: Readonly<Record<string, string>>;
}

export interface MetricDescription {
	/** Prometheus name with its unit at the end: `vedette_received_bytes_total`. */
	readonly name: string;
	readonly help: string;
	readonly labels?: readonly string[];
}

export interface HistogramDescription {
	readonly name: string;
	readonly help: string;
	/** How much of the metric's unit one unit of the histogram is: 0.001 for milliseconds in a metric of seconds. */
	readonly unit: number;
}

/** The samples with those of the same labels added up. */
export function summed(samples: Iterable<Sample>): Sample[] {
	const found = new Map<string, { value: number; labels: Readonly<Record<string, string>> }>();
	for (const { value, labels = {} } of samples) {
		const key = JSON.stringify(labels);
		const known = found.get(key) ?? { value: 0, labels };
		known.value += value;
		found.set(key, known);
	}
	return [...found.values()];
}

/** A scrape as text, and its content type. */
export interface Scrape {
	readonly text: string;
	readonly contentType: string;
}

function describe({ name, help, labels = [] }: MetricDescription, registry: Registry) {
	return { name, help, labelNames: [...labels], registers: [registry] };
}

/** Without the noise of binary fractions. */
function rounded(value: number): number {
	return Number(value.toPrecision(12));
}

/** Prints what another room counted; the library knows only histograms that it counts itself. */
function printHistogram({ name, help, unit }: HistogramDescription, { bounds, counts, sum }: Histogram): string {
	const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
	let total = 0;
	counts.forEach((count, at) => {
		total += count;
		lines.push(`${name}_bucket{le="${at < bounds.length ? rounded(bounds[at]! * unit) : "+Inf"}"} ${total}`);
	});
	lines.push(`${name}_sum ${rounded(sum * unit)}`, `${name}_count ${total}`);
	return `${lines.join("\n")}\n`;
}

function cpuSeconds(): number {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1e6;
}

/**
 * The metrics of one process. Rooms keep plain numbers; they are read here when somebody asks, so that counting costs
 * nothing and no other room knows the metrics library.
 */
export class Metrics {
	readonly #registry = new Registry();
	readonly #histograms: (() => string)[] = [];

	/**
	 * Adds CPU, memory and event loop of this process, under the names that dashboards know. The library's own set wakes
	 * the process a hundred times a second to measure its delay: a relay with nothing to do would never rest.
	 */
	addProcess(): void {
		const { counter, gauge } = this.#one();
		counter("process_cpu_user_seconds_total", "User CPU time.", () => process.cpuUsage().user / 1e6);
		counter("process_cpu_system_seconds_total", "System CPU time.", () => process.cpuUsage().system / 1e6);
		counter("process_cpu_seconds_total", "CPU time.", cpuSeconds);
		gauge("process_start_time_seconds", "Start of the process, Unix time.", () => performance.timeOrigin / 1000);
		gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
		gauge("nodejs_heap_size_total_bytes", "Size of the heap.", () => process.memoryUsage().heapTotal);
		gauge("nodejs_heap_size_used_bytes", "Used of the heap.", () => process.memoryUsage().heapUsed);
		gauge("nodejs_external_memory_bytes", "Memory outside of the heap.", () => process.memoryUsage().external);
		let last = performance.eventLoopUtilization();
		gauge("nodejs_eventloop_utilization_ratio", "How busy the event loop was since it was asked last.", () => {
			const now = performance.eventLoopUtilization();
			const { utilization } = performance.eventLoopUtilization(now, last);
			last = now;
			return utilization;
		});
	}

	/** Metrics of one value. */
	#one(): Record<"counter" | "gauge", (name: string, help: string, read: () => number) => void> {
		return {
			counter: (name, help, read) => this.counter({ name, help }, () => [{ value: read() }]),
			gauge: (name, help, read) => this.gauge({ name, help }, () => [{ value: read() }]),
		};
	}

	/** A value that goes up and down. `read` is called at each scrape. */
	gauge(description: MetricDescription, read: () => Iterable<Sample>): void {
		const gauge: Gauge = new Gauge({
			...describe(description, this.#registry),
			collect: () => {
				gauge.reset();
				for (const { labels = {}, value } of read()) gauge.set(labels, value);
			},
		});
	}

	/** A value that only rises; its name ends in `_total`. `read` is called at each scrape. */
	counter(description: MetricDescription, read: () => Iterable<Sample>): void {
		const counter: Counter = new Counter({
			...describe(description, this.#registry),
			collect: () => {
				counter.reset();
				for (const { labels = {}, value } of read()) counter.inc(labels, value);
			},
		});
	}

	/** A distribution that another room counts, without labels. */
	histogram(description: HistogramDescription, read: () => Histogram): void {
		this.#histograms.push(() => printHistogram(description, read()));
	}

	/** Everything in Prometheus' text format with HELP and TYPE. */
	async scrape(): Promise<Scrape> {
		const registered = await this.#registry.metrics();
		const histograms = this.#histograms.map((print) => print());
		return { text: [registered, ...histograms].join("\n"), contentType: this.#registry.contentType };
	}
}
