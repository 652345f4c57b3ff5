import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherEvents, PublisherInfo } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { parseRtcp } from "../../wire/rtcp.ts";
import { RTP_HEADER_BYTES, rtpPayloadType } from "../../wire/rtp.ts";
import { Receptions } from "../../wire/rtp-receptions.ts";
import { ReorderWindows } from "../../wire/rtp-windows.ts";
import { ask } from "./declined.ts";
import { noTraffic, type Traffic } from "./items.ts";
import type { FirstPacket } from "./rtp-info.ts";

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
	readonly #receptions: Receptions;
	readonly #windows: ReorderWindows;
	readonly #publication: Publication;

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
		this.tracks = tracks;
		this.lastPacket = now;
		this.#receptions = new Receptions(tracks, now, (track, packet) => feedback.rtcp(track, packet));
		const events: PublisherEvents = { onEnd, onKeyFrameRequest: () => this.#receptions.requestKeyFrame() };
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

	/** What the sender has said of a track's first packet. */
	begin(track: number, { sequence, timestamp }: FirstPacket): void {
		if (sequence !== undefined) this.#windows.begin(track, sequence);
		if (timestamp !== undefined) this.#publication.begin(track, timestamp);
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
			const unixMs = this.#receptions.reported(track, packet, this.#hub.clock.now());
			this.#publication.report(track, packet.rtpTime, unixMs);
		}
	}

	/** To be called about once a second. */
	tick(now: Millis): void {
		this.#receptions.tick(now);
	}

	/** The publisher is gone. */
	close(reason: string): void {
		this.#windows.close();
		this.#publication.close(reason);
	}

	#count(track: number, bytes: Uint8Array, offset: number, now: Millis): void {
		this.lastPacket = now;
		this.#receptions.received(track, bytes, offset, now);
	}
}
