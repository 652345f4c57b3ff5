import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherInfo } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import { distance16, type Millis } from "../../media/time.ts";
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
import { ReorderWindow } from "../../wire/rtp-window.ts";

/** How often the sender is told what was received (RFC 3550 section 6.2 gives 5 s as the least). */
const REPORT_MS = 5000;
const CNAME = "vedette";
/** How long a missing packet is waited for at most: nobody sends it again, and paths that reorder do so by little. */
const REORDER_MS = 40;
/** How often missing packets are looked after, while there are some. */
const SETTLE_MS = 20;

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
	readonly #windows: readonly ReorderWindow[];
	/** The source that sends each track, once known. */
	readonly #sources: number[];
	readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
	/** The first packets, which may have overtaken each other; undefined once it is known which one is the first. */
	#early: { readonly track: number; readonly bytes: Buffer }[] | undefined;
	#nextReport: Millis;
	#cancelSettle: (() => void) | undefined;

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
		const waitMs = Math.min(REORDER_MS, this.#publication.path.settings.reorderTime);
		this.#windows = tracks.map((_, track) => {
			const deliver = (packet: Uint8Array): void => this.#publication.packet(track, packet, 0, packet.length);
			return new ReorderWindow(deliver, waitMs);
		});
		if (waitMs === 0) return;
		this.#early = [];
		this.#cancelSettle = hub.clock.after(waitMs, () => this.#start());
	}

	/** A whole RTP packet of a track; the bytes are kept. */
	packet(track: number, bytes: Buffer, now: Millis): void {
		const ssrc = rtpSsrc(bytes, 0);
		const sequence = rtpSequence(bytes, 0);
		this.#sources[track] = ssrc;
		this.#receptions[track]!.received(ssrc, sequence, rtpTimestamp(bytes, 0), now);
		if (this.#early) {
			this.#early.push({ track, bytes });
			return;
		}
		const window = this.#windows[track]!;
		window.push(sequence, bytes, now);
		if (window.waiting) this.#cancelSettle ??= this.#hub.clock.after(SETTLE_MS, () => this.#settle());
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
		this.#cancelSettle?.();
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

	/** The first packets have had the time to come: what would have been late goes before the others. */
	#start(): void {
		const now = this.#hub.clock.now();
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const [track, window] of this.#windows.entries()) {
			const own = early.filter((one) => one.track === track).map((one) => one.bytes);
			own.sort((a, b) => distance16(rtpSequence(a, 0), rtpSequence(b, 0)));
			for (const bytes of own) window.push(rtpSequence(bytes, 0), bytes, now);
		}
		this.#settle();
	}

	/** Gives up packets that were missing for too long. */
	#settle(): void {
		const now = this.#hub.clock.now();
		this.#cancelSettle = undefined;
		for (const window of this.#windows) window.tick(now);
		if (this.#windows.some((window) => window.waiting)) {
			this.#cancelSettle = this.#hub.clock.after(SETTLE_MS, () => this.#settle());
		}
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
