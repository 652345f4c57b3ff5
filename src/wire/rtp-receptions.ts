import type { Millis } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import type { RtcpPacket } from "./rtcp.ts";
import { compound, middle32, unixOf, writeDescription, writePictureLoss, writeReceiverReport } from "./rtcp-write.ts";
import { rtpSequence, rtpSsrc, rtpTimestamp } from "./rtp.ts";
import { ReceptionStatistics } from "./rtp-statistics.ts";

/** How often a sender is told what was received (RFC 3550 section 6.2 gives 5 s as the least). */
const REPORT_MS = 5000;
const CNAME = "vedette";

/** What is known of the tracks that one sender sends by plain RTP, and what it is told. Time comes in. */
export class Receptions {
	readonly #tracks: readonly Track[];
	readonly #statistics: readonly ReceptionStatistics[];
	/** The source that sends each track; −1 where it is not known. */
	readonly #sources: number[];
	readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
	readonly #send: (track: number, packet: Uint8Array) => void;
	#nextReport: Millis;

	/** `send` takes RTCP for the sender of a track. */
	constructor(tracks: readonly Track[], now: Millis, send: (track: number, packet: Uint8Array) => void) {
		this.#tracks = tracks;
		this.#statistics = tracks.map(({ clockRate }) => new ReceptionStatistics(clockRate));
		this.#sources = tracks.map(() => -1);
		this.#send = send;
		this.#nextReport = now + REPORT_MS;
	}

	/** Counts an RTP packet as it came in, before it is put in order. */
	received(track: number, bytes: Uint8Array, at: number, now: Millis): void {
		const ssrc = rtpSsrc(bytes, at);
		this.#sources[track] = ssrc;
		this.#statistics[track]!.received(ssrc, rtpSequence(bytes, at), rtpTimestamp(bytes, at), now);
	}

	/** The track that a source sends, or −1. */
	trackOf(ssrc: number): number {
		return this.#sources.indexOf(ssrc);
	}

	/** Takes note of a sender report; gives the sender's wall time in Unix milliseconds. */
	reported(track: number, report: Extract<RtcpPacket, { kind: "senderReport" }>, now: Millis): number {
		const ntp = { seconds: report.ntpSeconds, fraction: report.ntpFraction };
		this.#statistics[track]!.senderReport(middle32(ntp), now);
		return unixOf(ntp);
	}

	/** Sends receiver reports when they are due. To be called about once a second. */
	tick(now: Millis): void {
		if (now < this.#nextReport) return;
		this.#nextReport = now + REPORT_MS;
		for (const [track, statistics] of this.#statistics.entries()) {
			const block = statistics.report(now);
			if (!block) continue;
			const report = writeReceiverReport(this.#ssrc, [block]);
			this.#send(track, compound(report, writeDescription(this.#ssrc, CNAME)));
		}
	}

	/** Asks for a key frame of all video. Senders that know no feedback over plain RTP pass over it. */
	requestKeyFrame(): void {
		for (const [track, { kind }] of this.#tracks.entries()) {
			const source = this.#sources[track]!;
			if (kind !== "video" || source < 0) continue;
			const loss = writePictureLoss(this.#ssrc, source);
			this.#send(track, compound(writeReceiverReport(this.#ssrc, []), loss));
		}
	}
}
