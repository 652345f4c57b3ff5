import type { Millis } from "../media/time.ts";
import { distance16, distance32 } from "../media/time.ts";

/** A jump farther than this is a sender that began anew (RFC 3550 appendix A.1, MAX_DROPOUT). */
const MAX_DROPOUT_PACKETS = 3000;

/** The figures of one report block (RFC 3550 section 6.4.1). */
export interface ReceptionReport {
	readonly ssrc: number;
	/** Share of packets lost since the last report, in 256ths. */
	readonly fractionLost: number;
	/** Packets lost since the beginning, −2^23 to 2^23 − 1; duplicates can make it negative. */
	readonly cumulativeLost: number;
	/** Highest sequence number received, with the count of its turns in the upper 16 bits. */
	readonly highestSequence: number;
	/** Interarrival jitter in ticks. */
	readonly jitter: number;
	/** The middle 32 bits of the last sender report's NTP time; 0 where none came. */
	readonly lastSenderReport: number;
	/** Delay since that report in 1/65536 s; 0 where none came. */
	readonly delaySinceLastSenderReport: number;
}

/** What a receiver knows of one RTP source (RFC 3550 sections 6.4.1, A.1, A.3 and A.8). Pure. */
export class ReceptionStatistics {
	readonly #clockRate: number;
	#ssrc = 0;
	#base = -1;
	#highest = 0;
	#received = 0;
	#expectedBefore = 0;
	#receivedBefore = 0;
	/** Arrival minus timestamp, in ticks, of the packet before. */
	#transit: number | undefined;
	#timestamp = 0;
	#jitter = 0;
	#senderReport = 0;
	#senderReportAt: Millis = 0;

	constructor(clockRate: number) {
		this.#clockRate = clockRate;
	}

	/** Counts one packet as it came in, before it is put in order. */
	received(ssrc: number, sequence: number, timestamp: number, now: Millis): void {
		const ahead = this.#base < 0 || ssrc !== this.#ssrc ? undefined : distance16(sequence, this.#highest & 0xffff);
		if (ahead === undefined || Math.abs(ahead) > MAX_DROPOUT_PACKETS) this.#begin(ssrc, sequence);
		else if (ahead > 0) this.#highest += ahead;
		this.#received++;
		// Packets of one picture share a timestamp and leave one after the other: only the first says something.
		if (this.#transit !== undefined && timestamp === this.#timestamp) return;
		// RFC 3550 appendix A.8.
		const transit = ((now * this.#clockRate) / 1000 - timestamp) | 0;
		if (this.#transit !== undefined) {
			this.#jitter += (Math.abs(distance32(transit, this.#transit)) - this.#jitter) / 16;
		}
		this.#transit = transit;
		this.#timestamp = timestamp;
	}

	/** Notes a sender report: the middle 32 bits of its NTP time. */
	senderReport(middle: number, now: Millis): void {
		this.#senderReport = middle;
		this.#senderReportAt = now;
	}

	/** Packets lost since the beginning; never negative. */
	get lost(): number {
		return Math.max(0, this.#expected - this.#received);
	}

	/** Interarrival jitter in ticks. */
	get jitter(): number {
		return this.#jitter;
	}

	/** The figures for the next receiver report, or undefined while nothing came. Begins a new interval. */
	report(now: Millis): ReceptionReport | undefined {
		if (this.#base < 0) return undefined;
		const expected = this.#expected - this.#expectedBefore;
		const lost = expected - (this.#received - this.#receivedBefore);
		this.#expectedBefore = this.#expected;
		this.#receivedBefore = this.#received;
		const since = this.#senderReport ? Math.round(((now - this.#senderReportAt) * 65536) / 1000) : 0;
		return {
			ssrc: this.#ssrc,
			fractionLost: expected > 0 && lost > 0 ? Math.min(255, Math.floor((lost * 256) / expected)) : 0,
			cumulativeLost: Math.min(0x7fffff, Math.max(-0x800000, this.#expected - this.#received)),
			highestSequence: this.#highest >>> 0,
			jitter: Math.floor(this.#jitter),
			lastSenderReport: this.#senderReport,
			delaySinceLastSenderReport: since >>> 0,
		};
	}

	get #expected(): number {
		return this.#base < 0 ? 0 : this.#highest - this.#base + 1;
	}

	#begin(ssrc: number, sequence: number): void {
		this.#ssrc = ssrc;
		this.#base = sequence;
		this.#highest = sequence;
		this.#received = 0;
		this.#expectedBefore = 0;
		this.#receivedBefore = 0;
		this.#transit = undefined;
	}
}
