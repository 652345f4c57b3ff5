import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
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

/**
 * The metrics of one process. Rooms keep plain numbers; they are read here when somebody asks, so that counting costs
 * nothing and no other room knows the metrics library.
 */
export class Metrics {
	readonly #registry = new Registry();
	readonly #histograms: (() => string)[] = [];

	/** Adds CPU, memory, event-loop delay and garbage collection of this process. */
	addProcess(): void {
		collectDefaultMetrics({ register: this.#registry });
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
