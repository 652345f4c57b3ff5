import type { Reader } from "../../hub/reader.ts";
import type { Millis } from "../../media/time.ts";
import { compound, ntpOf, writeBye, writeDescription, writeSenderReport } from "../../wire/rtcp-write.ts";
import { controlOf } from "./description.ts";
import { Press } from "./press.ts";
import type { Setup } from "./session.ts";
import { controlUrl } from "./url.ts";

/** How often readers are told which wall time the timestamps stand for. */
const REPORT_MS = 5000;
const CNAME = "vedette";

/** Hands packets to one reader over TCP or UDP. */
export interface Carrier {
	/** To be called about once a second. */
	tick(now: Millis): void;
	rtcp(track: number, packet: Uint8Array): void;
	close(): void;
}

/** One reader of a stream over RTSP: what is the same over TCP and UDP. */
export class Egress {
	readonly reader: Reader;
	readonly press: Press;
	readonly #setups: readonly Setup[];
	readonly #firstSequences: readonly number[];
	#nextReport: Millis = 0;

	constructor(reader: Reader, setups: readonly Setup[]) {
		const { stream, tracks, from, burstEnd } = reader;
		this.reader = reader;
		this.#setups = setups;
		this.press = new Press(stream, tracks, from, burstEnd);
		this.#firstSequences = stream.tracks.map((_, track) => stream.sequence(track));
	}

	/**
	 * The RTP-Info header (RFC 2326 section 12.33): the first sequence number of each track, and the timestamps that the
	 * tracks have at one common instant. Before the first packet of a track its timestamp is not known, and left out.
	 */
	info(url: string): string {
		const start = this.#startMs();
		const entries = this.#setups.map(({ track }) => {
			const first = this.press.first(track);
			const sequence = first ? first.sequence : this.#firstSequences[track]! & 0xffff;
			const timestamp = first ? first.timestamp : this.#timestampAt(track, start);
			const time = timestamp === undefined ? "" : `;rtptime=${timestamp}`;
			return `url=${controlUrl(url, controlOf(track))};seq=${sequence}${time}`;
		});
		return entries.join(",");
	}

	/** Sends sender reports when they are due: at the start, then every 5 s. */
	tick(carrier: Carrier, now: Millis): void {
		carrier.tick(now);
		if (now < this.#nextReport) return;
		this.#nextReport = now + REPORT_MS;
		for (const { track } of this.#setups) {
			const report = this.#report(track, now);
			if (report) carrier.rtcp(track, report);
		}
	}

	/** Says goodbye on every track (RFC 3550 section 6.6). */
	bye(carrier: Carrier, now: Millis): void {
		for (const { track } of this.#setups) {
			const report = this.#report(track, now);
			if (report) carrier.rtcp(track, compound(report, writeBye(this.reader.stream.ssrc(track))));
		}
	}

	#report(track: number, now: Millis): Uint8Array | undefined {
		const { stream } = this.reader;
		const clock = stream.clock(track, now);
		if (!clock) return undefined;
		const ssrc = stream.ssrc(track);
		const { seconds, fraction } = ntpOf(clock.unixMs);
		const packets = Math.max(0, stream.sequence(track) - this.#firstSequences[track]!);
		const times = { ntpSeconds: seconds, ntpFraction: fraction, rtpTime: clock.timestamp };
		// Octets are for estimating a rate, which nobody does from these (RFC 3550 section 6.4.1): all tracks together.
		const sender = { ssrc, ...times, packets, octets: this.reader.counters.bytes >>> 0 };
		return compound(writeSenderReport(sender), writeDescription(ssrc, CNAME));
	}

	/** The wall time at which the burst begins, as its timestamps tell; undefined where there is no burst. */
	#startMs(): number | undefined {
		const { stream } = this.reader;
		for (const { track } of this.#setups) {
			const first = this.press.first(track);
			const clock = first && stream.clock(track, this.reader.joinedAt);
			if (first && clock) {
				const ticks = (clock.timestamp - first.timestamp) | 0;
				return clock.unixMs - (ticks * 1000) / stream.tracks[track]!.clockRate;
			}
		}
		return undefined;
	}

	#timestampAt(track: number, unixMs: number | undefined): number | undefined {
		const { stream, joinedAt } = this.reader;
		const clock = stream.clock(track, joinedAt);
		if (!clock) return undefined;
		const ms = unixMs === undefined ? 0 : unixMs - clock.unixMs;
		return (clock.timestamp + Math.round((ms * stream.tracks[track]!.clockRate) / 1000)) >>> 0;
	}
}
