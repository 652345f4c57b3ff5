/** Takes a transport's samples and keeps what the viewer is shown of them. */
import { isBehind, type Reading, read } from "./meter.ts";
import type { Sample } from "./transport.ts";

const SAMPLE_MS = 1000;
/** Readings kept for the curve. */
const HISTORY = 60;

export class Gauge {
	/** Figures of the last second; null before the first. */
	reading: Reading | null = null;
	/** Bitrates of the last minute. */
	history: readonly number[] = [];
	#sample: Sample | null = null;
	#takenAt = 0;

	/** Forgets the counters of a way that ended; the last reading stays. */
	reset(): void {
		this.#sample = null;
	}

	/**
	 * Takes a sample when it is time to.
	 * Returns null between two samples, else how many pictures were decoded since the last and whether they are too old.
	 */
	async take(stats: () => Promise<Sample | null>): Promise<{ decoded: number; behind: boolean } | null> {
		const now = performance.now();
		if (now - this.#takenAt < SAMPLE_MS) return null;
		this.#takenAt = now;
		const sample = await stats();
		if (!sample) return null;
		const before = this.#sample;
		const earlier = this.reading;
		const reading = read(before, sample);
		this.#sample = sample;
		this.reading = reading;
		if (reading.bitrate !== null) this.history = [...this.history, reading.bitrate].slice(-HISTORY);
		return { decoded: sample.framesDecoded - (before?.framesDecoded ?? 0), behind: isBehind(earlier, reading) };
	}
}
