import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherEvents, PublisherInfo } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { parseRtcp } from "../../wire/rtcp.ts";
import {
	compound,
	middle32,
	unixOf,
	writeDescription,
	writePictureLoss,
	writeReceiverReport,
} from "../../wire/rtcp-write.ts";
import { RTP_HEADER_BYTES, rtpPayloadType, rtpSequence, rtpSsrc, rtpTimestamp } from "../../wire/rtp.ts";
import { ReceptionStatistics } from "../../wire/rtp-statistics.ts";
import { ReorderWindows } from "../../wire/rtp-windows.ts";
import { ask } from "./declined.ts";
import { noTraffic, type Traffic } from "./items.ts";

/** How often the sender is told what was received (RFC 3550 section 6.2 gives 5 s as the least). */
const REPORT_MS = 5000;
const CNAME = "vedette";

/** How RTCP goes back to the sender of a track. */
export interface Feedback {
	rtcp(track: number, packet: Uint8Array): void;
}

/** Takes in the tracks of one publisher, ours to serve or one that is pulled from: RTP and RTCP into the hub. */
export class Ingest {
	readonly tracks: readonly Track[];
	/** When the last packet came. */
	lastPacket: Millis;
	readonly #hub: Hub;
	readonly #feedback: Feedback;
	readonly #receptions: readonly ReceptionStatistics[];
	readonly #windows: ReorderWindows;
	readonly #publication: Publication;
	/** The source that sends each track, once known. */
	readonly #sources: number[];
	readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
	#nextReport: Millis;

	/** Throws `Declined`. `onEnd` is called where the hub ends the publisher. */
	constructor(
		hub: Hub,
		path: PathName,
		tracks: readonly Track[],
		info: PublisherInfo,
		feedback: Feedback,
		onEnd: (reason: string) => void,
	) {
		const now = hub.clock.now();
		this.#hub = hub;
		this.#feedback = feedback;
		this.tracks = tracks;
		this.lastPacket = now;
		this.#nextReport = now + REPORT_MS;
		this.#receptions = tracks.map((track) => new ReceptionStatistics(track.clockRate));
		this.#sources = tracks.map(() => -1);
		const events: PublisherEvents = { onEnd, onKeyFrameRequest: () => this.#requestKeyFrame() };
		this.#publication = ask(() => hub.publish(path, tracks, info, events));
		const { reorderTime } = this.#publication.path.settings;
		this.#windows = new ReorderWindows(tracks.length, reorderTime, hub.clock, (track, packet) =>
			this.#publication.packet(track, packet, 0, packet.length),
		);
	}

	/** What came in for the stream since it began. */
	get traffic(): Traffic {
		const counted = this.#publication.stream.intakes.map(({ counters }) => counters);
		const sum = (key: "bytes" | "packets" | "lost" | "invalid"): number =>
			counted.reduce((total, counters) => total + counters[key], 0);
		return {
			...noTraffic,
			inboundBytes: sum("bytes"),
			inboundRTPPackets: sum("packets"),
			inboundRTPPacketsLost: sum("lost"),
			inboundRTPPacketsInError: sum("invalid"),
		};
	}

	/** An RTP packet that came in order, over TCP, at `now`. */
	packet(track: number, bytes: Uint8Array, offset: number, length: number, now: Millis): void {
		if (length >= RTP_HEADER_BYTES) this.#count(track, bytes, offset, now);
		this.#publication.packet(track, bytes, offset, length, now);
	}

	/** An RTP packet that came over UDP; the bytes are kept. */
	datagram(track: number, bytes: Uint8Array): void {
		if (bytes.length < RTP_HEADER_BYTES || rtpPayloadType(bytes, 0) !== this.tracks[track]!.payloadType) {
			// The hub counts what is no packet of the track.
			this.#publication.packet(track, bytes, 0, bytes.length);
			return;
		}
		const now = this.#hub.clock.now();
		this.#count(track, bytes, 0, now);
		this.#windows.push(track, bytes, now);
	}

	/** RTCP from the sender of a track. */
	rtcp(track: number, bytes: Uint8Array): void {
		for (const packet of parseRtcp(bytes) ?? []) {
			if (packet.kind !== "senderReport") continue;
			const ntp = { seconds: packet.ntpSeconds, fraction: packet.ntpFraction };
			this.#receptions[track]!.senderReport(middle32(ntp), this.#hub.clock.now());
			this.#publication.report(track, packet.rtpTime, unixOf(ntp));
		}
	}

	/** Sends receiver reports when they are due. To be called about once a second. */
	tick(now: Millis): void {
		if (now < this.#nextReport) return;
		this.#nextReport = now + REPORT_MS;
		for (const [track, reception] of this.#receptions.entries()) {
			const block = reception.report(now);
			if (!block) continue;
			const report = writeReceiverReport(this.#ssrc, [block]);
			this.#feedback.rtcp(track, compound(report, writeDescription(this.#ssrc, CNAME)));
		}
	}

	/** The publisher is gone. */
	close(reason: string): void {
		this.#windows.close();
		this.#publication.close(reason);
	}

	#count(track: number, bytes: Uint8Array, offset: number, now: Millis): void {
		this.lastPacket = now;
		const ssrc = rtpSsrc(bytes, offset);
		this.#sources[track] = ssrc;
		this.#receptions[track]!.received(ssrc, rtpSequence(bytes, offset), rtpTimestamp(bytes, offset), now);
	}

	/** Vedette's robot obeys it; programs that know no feedback over plain RTSP pass over it. */
	#requestKeyFrame(): void {
		for (const [track, { kind }] of this.tracks.entries()) {
			const source = this.#sources[track]!;
			if (kind !== "video" || source < 0) continue;
			const loss = writePictureLoss(this.#ssrc, source);
			this.#feedback.rtcp(track, compound(writeReceiverReport(this.#ssrc, []), loss));
		}
	}
}
