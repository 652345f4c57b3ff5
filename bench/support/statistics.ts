/** The value below which the part `p` (0 to 1) of the samples lies; NaN without samples. Sorts them. */
function percentile(samples: Float64Array, p: number): number {
	if (samples.length === 0) return Number.NaN;
	samples.sort();
	return samples[Math.min(samples.length - 1, Math.floor(samples.length * p))]!;
}

export interface Spread {
	readonly count: number;
	readonly p50: number;
	readonly p95: number;
	readonly p99: number;
	readonly max: number;
}

export function spread(values: ArrayLike<number>): Spread {
	const samples = Float64Array.from(values);
	return {
		count: samples.length,
		p50: percentile(samples, 0.5),
		p95: percentile(samples, 0.95),
		p99: percentile(samples, 0.99),
		max: samples.at(-1) ?? Number.NaN,
	};
}

export function median(values: readonly number[]): number {
	return percentile(Float64Array.from(values), 0.5);
}

/** The median, and the values between which the middle half lies. */
export function quartiles(values: readonly number[]): { low: number; middle: number; high: number } {
	const samples = Float64Array.from(values);
	return { low: percentile(samples, 0.25), middle: percentile(samples, 0.5), high: percentile(samples, 0.75) };
}

/** A list of numbers that grows without making garbage of each. */
export class Samples {
	#values = new Float64Array(65_536);
	#count = 0;

	add(value: number): void {
		if (this.#count === this.#values.length) {
			const more = new Float64Array(this.#count * 2);
			more.set(this.#values);
			this.#values = more;
		}
		this.#values[this.#count++] = value;
	}

	clear(): void {
		this.#count = 0;
	}

	spread(): Spread {
		return spread(this.#values.subarray(0, this.#count));
	}
}
