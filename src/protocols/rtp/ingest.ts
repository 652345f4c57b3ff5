import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherInfo } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { parseRtcp, type RtcpPacket } from "../../wire/rtcp.ts";
import {
	compound,
	middle32,
	unixOf,
	writeDescription,
	writePictureLoss,
	writeReceiverReport,
} from "../../wire/rtcp-write.ts";
import { rtpSequence, rtpSsrc, rtpTimestamp } from "../../wire/rtp.ts";
import { ReceptionStatistics } from "../../wire/rtp-statistics.ts";
import { ReorderWindows } from "../../wire/rtp-windows.ts";

/** How often the sender is told what was received (RFC 3550 section 6.2 gives 5 s as the least). */
const REPORT_MS = 5000;
const CNAME = "vedette";

/** What the ingest tells the source. */
export interface IngestEvents {
	/** RTCP for the sender of a track. */
	rtcp(track: number, packet: Uint8Array): void;
	/** The hub ends the publisher, or the sender says goodbye. */
	onEnd(reason: string): void;
}

/** Takes in the tracks of one sender: RTP and RTCP into the hub. */
export class Ingest {
	readonly #hub: Hub;
	readonly #tracks: readonly Track[];
	readonly #events: IngestEvents;
	readonly #publication: Publication;
	readonly #receptions: readonly ReceptionStatistics[];
	readonly #windows: ReorderWindows;
	/** The source that sends each track, once known. */
	readonly #sources: number[];
	readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
	#nextReport: Millis;

	/** Throws `Refused`. */
	constructor(hub: Hub, path: PathName, tracks: readonly Track[], info: PublisherInfo, events: IngestEvents) {
		this.#hub = hub;
		this.#tracks = tracks;
		this.#events = events;
		this.#nextReport = hub.clock.now() + REPORT_MS;
		this.#receptions = tracks.map(({ clockRate }) => new ReceptionStatistics(clockRate));
		this.#sources = tracks.map(() => -1);
		this.#publication = hub.publish(path, tracks, info, {
			onEnd: (reason) => events.onEnd(reason),
			onKeyFrameRequest: () => this.#requestKeyFrame(),
		});
		const { reorderTime } = this.#publication.path.settings;
		this.#windows = new ReorderWindows(tracks.length, reorderTime, hub.clock, (track, packet) =>
			this.#publication.packet(track, packet, 0, packet.length),
		);
	}

	/** A whole RTP packet of a track; the bytes are kept. */
	packet(track: number, bytes: Buffer, now: Millis): void {
		const ssrc = rtpSsrc(bytes, 0);
		this.#sources[track] = ssrc;
		this.#receptions[track]!.received(ssrc, rtpSequence(bytes, 0), rtpTimestamp(bytes, 0), now);
		this.#windows.push(track, bytes, now);
	}

	/** RTCP from the sender; `heard` is called with each track that it reports on. */
	rtcp(bytes: Uint8Array, heard: (track: number) => void): void {
		for (const packet of parseRtcp(bytes) ?? []) {
			if (packet.kind === "senderReport") this.#report(packet, heard);
			if (packet.kind === "bye" && packet.ssrcs.some((ssrc) => this.#sources.includes(ssrc))) {
				this.#events.onEnd("the sender said goodbye");
				return;
			}
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
			this.#events.rtcp(track, compound(report, writeDescription(this.#ssrc, CNAME)));
		}
	}

	/** The sender is gone. */
	close(reason: string): void {
		this.#windows.close();
		this.#publication.close(reason);
	}

	#report(packet: Extract<RtcpPacket, { kind: "senderReport" }>, heard: (track: number) => void): void {
		const track = this.#sources.indexOf(packet.ssrc);
		if (track < 0) return;
		heard(track);
		const ntp = { seconds: packet.ntpSeconds, fraction: packet.ntpFraction };
		this.#receptions[track]!.senderReport(middle32(ntp), this.#hub.clock.now());
		this.#publication.report(track, packet.rtpTime, unixOf(ntp));
	}

	/** Senders that know no feedback pass over it. */
	#requestKeyFrame(): void {
		for (const [track, { kind }] of this.#tracks.entries()) {
			const source = this.#sources[track]!;
			if (kind !== "video" || source < 0) continue;
			const loss = writePictureLoss(this.#ssrc, source);
			this.#events.rtcp(track, compound(writeReceiverReport(this.#ssrc, []), loss));
		}
	}
}
