/**
 * Counts observations in fixed buckets, as Prometheus means it, without allocating: it may stand on the packet path.
 * The metrics read it when they are asked for.
 */
export class Histogram {
	/** Upper bounds, rising, in the unit of what is observed; a last bucket without bound follows them. */
	readonly bounds: readonly number[];
	/** Observations per bucket (not cumulative); one longer than `bounds`. */
	readonly counts: Float64Array;
	sum = 0;

	constructor(bounds: readonly number[]) {
		this.bounds = bounds;
		this.counts = new Float64Array(bounds.length + 1);
	}

	/** Adds one observation. */
	observe(value: number): void {
		const { bounds, counts } = this;
		let bucket = 0;
		while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
		counts[bucket] = counts[bucket]! + 1;
		this.sum += value;
	}

	/** The number of observations. */
	get count(): number {
		let total = 0;
		for (const n of this.counts) total += n;
		return total;
	}
}
