import { distance16, distance32, type Millis } from "../media/time.ts";
import type { ReportBlock } from "./rtcp.ts";
import { middle32, type NtpTime } from "./rtcp-write.ts";

/** A jump of sequence numbers larger than this is a new start of the source, not loss (RFC 3550 appendix A.1). */
const MAX_JUMP = 3_000;

/** What we received of one source, for receiver reports: RFC 3550 appendices A.3 and A.8. Pure; time comes in. */
export class Reception {
	readonly #ssrc: number;
	readonly #clockRate: number;
	#base = -1;
	#highest = 0;
	#received = 0;
	#expectedBefore = 0;
	#receivedBefore = 0;
	#transit = 0;
	#lastTimestamp = 0;
	#jitter = 0;
	#lastReport = 0;
	#lastReportAt: Millis = 0;

	/** `clockRate` in Hz. */
	constructor(ssrc: number, clockRate: number) {
		this.#ssrc = ssrc;
		this.#clockRate = clockRate;
	}

	/** Counts one packet as it arrives, before it is put in order. Does not allocate. */
	packet(sequence: number, timestamp: number, now: Millis): void {
		if (this.#base < 0 || Math.abs(distance16(sequence, this.#highest & 0xffff)) > MAX_JUMP) this.#restart(sequence);
		const ahead = distance16(sequence, this.#highest & 0xffff);
		if (ahead > 0) this.#highest += ahead;
		this.#received++;
		// Packets of one picture share a timestamp and leave one after the other: only the first says something.
		if (this.#received > 1 && timestamp === this.#lastTimestamp) return;
		const transit = ((now * this.#clockRate) / 1000 - timestamp) | 0;
		if (this.#received > 1) {
			const difference = Math.abs(distance32(transit, this.#transit));
			this.#jitter += (difference - this.#jitter) / 16;
		}
		this.#transit = transit;
		this.#lastTimestamp = timestamp;
	}

	#restart(sequence: number): void {
		this.#base = sequence;
		this.#highest = sequence;
		this.#received = 0;
		this.#expectedBefore = 0;
		this.#receivedBefore = 0;
	}

	/** Notes a sender report of the source. */
	senderReport(ntp: NtpTime, now: Millis): void {
		this.#lastReport = middle32(ntp);
		this.#lastReportAt = now;
	}

	/** Packets lost since the source began; late and doubled ones make it smaller. */
	get lost(): number {
		return this.#base < 0 ? 0 : this.#highest - this.#base + 1 - this.#received;
	}

	/** The report block for now; undefined before the first packet. Begins a new interval. */
	report(now: Millis): ReportBlock | undefined {
		if (this.#base < 0) return undefined;
		const expected = this.#highest - this.#base + 1;
		const expectedNow = expected - this.#expectedBefore;
		const lostNow = expectedNow - (this.#received - this.#receivedBefore);
		this.#expectedBefore = expected;
		this.#receivedBefore = this.#received;
		return {
			ssrc: this.#ssrc,
			fractionLost: expectedNow > 0 && lostNow > 0 ? Math.min(255, Math.floor((lostNow * 256) / expectedNow)) : 0,
			lost: expected - this.#received,
			highest: this.#highest >>> 0,
			jitter: Math.floor(this.#jitter),
			lastReport: this.#lastReport,
			delay: this.#lastReport ? Math.floor(((now - this.#lastReportAt) * 65_536) / 1000) >>> 0 : 0,
		};
	}
}
