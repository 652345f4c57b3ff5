import { distance32, type Millis } from "../media/time.ts";

/** How long a packet's arrival says what time a timestamp stands for. */
const REFERENCE_MS = 10_000;
/** A timestamp farther from where it should be is not late but a jump of the publisher's. */
const JUMP_MS = 3000;

/** One instant on two clocks, for sender reports (RFC 3550 section 6.4.1). */
export interface ClockPair {
	/** RTP timestamp towards the readers. */
	readonly timestamp: number;
	/** Unix milliseconds. */
	readonly unixMs: number;
}

/**
 * The timestamps of one track towards its readers: they run on when another publisher takes over, and the gap between
 * the two is wall time. Also knows which wall time a timestamp stands for.
 */
export class Timeline {
	readonly #clockRate: number;
	#offset = 0;
	#fresh = true;
	#last: { timestamp: number; arrival: Millis } | undefined;
	#reference: { timestamp: number; unixMs: number; at: Millis } | undefined;
	#reported = false;
	/** A report that came before the first packet, as many senders send it, or what was said without a report. */
	#early: { timestamp: number; unixMs: number; at: Millis; isReport: boolean } | undefined;

	constructor(clockRate: number) {
		this.#clockRate = clockRate;
	}

	/** The next packet comes from another publisher. */
	rebase(): void {
		this.#fresh = true;
		this.#reported = false;
		this.#early = undefined;
	}

	/** The timestamp towards readers for a publisher's `timestamp`. */
	map(timestamp: number, now: Millis): number {
		if (this.#fresh) this.#start(timestamp, now);
		const mapped = (timestamp + this.#offset) >>> 0;
		const last = this.#last;
		if (!last) this.#last = { timestamp: mapped, arrival: now };
		else if (distance32(mapped, last.timestamp) > 0) {
			last.timestamp = mapped;
			last.arrival = now;
		}
		return mapped;
	}

	/** What `map` gave for a timestamp of the present publisher. */
	moved(timestamp: number): number {
		return (timestamp + this.#offset) >>> 0;
	}

	/**
	 * A publisher's sender report: its `timestamp` was sampled at `unixMs`, on the relay's wall clock (the caller moves
	 * all reports of one publisher by the same amount, so that its tracks keep together).
	 */
	report(timestamp: number, unixMs: number, now: Millis): void {
		if (this.#fresh) {
			this.#early = { timestamp, unixMs, at: now, isReport: true };
			return;
		}
		this.#reported = true;
		this.#reference = { timestamp: (timestamp + this.#offset) >>> 0, unixMs, at: now };
	}

	/**
	 * Before the first packet: `timestamp` stands for `unixMs`, the sender says without a report. Counts only where the
	 * first packet is near it, and until a report or an earlier arrival tells better: cameras say many things.
	 */
	begin(timestamp: number, unixMs: number, now: Millis): void {
		if (this.#fresh) this.#early ??= { timestamp, unixMs, at: now, isReport: false };
	}

	/**
	 * A packet without reports: the earliest arrival of the last while is nearest to the truth. What is old is replaced
	 * by whatever comes, because clocks drift and publishers jump.
	 */
	observe(timestamp: number, now: Millis, unixMs: number): void {
		if (this.#reported) return;
		const pair = this.at(now);
		const ahead = pair ? distance32(timestamp, pair.timestamp) : 1;
		const old = now - (this.#reference?.at ?? now) > REFERENCE_MS;
		const jumped = Math.abs(ahead) > (JUMP_MS * this.#clockRate) / 1000;
		if (ahead > 0 || old || jumped) this.#reference = { timestamp, unixMs, at: now };
	}

	/** The pair for `now`, or undefined before the first packet. */
	at(now: Millis): ClockPair | undefined {
		const reference = this.#reference;
		if (!reference) return undefined;
		const elapsed = now - reference.at;
		const ticks = Math.round((elapsed * this.#clockRate) / 1000);
		return { timestamp: (reference.timestamp + ticks) >>> 0, unixMs: reference.unixMs + elapsed };
	}

	#start(timestamp: number, now: Millis): void {
		this.#fresh = false;
		const last = this.#last;
		if (last) {
			const gap = Math.max(1, Math.round(((now - last.arrival) * this.#clockRate) / 1000));
			this.#offset = (last.timestamp + gap - timestamp) | 0;
			this.#reference = undefined;
		}
		const early = this.#early;
		if (!early) return;
		const isFar = Math.abs(distance32(timestamp, early.timestamp)) > (JUMP_MS * this.#clockRate) / 1000;
		if (early.isReport) this.report(early.timestamp, early.unixMs, early.at);
		else if (!isFar) this.#reference = { ...early, timestamp: (early.timestamp + this.#offset) >>> 0 };
	}
}
