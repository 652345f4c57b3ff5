import type { Hub } from "../../hub/hub.ts";
import type { Publication, PublisherInfo } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { parseRtcp, type RtcpPacket } from "../../wire/rtcp.ts";
import { Receptions } from "../../wire/rtp-receptions.ts";
import { ReorderWindows } from "../../wire/rtp-windows.ts";

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
	readonly #events: IngestEvents;
	readonly #publication: Publication;
	readonly #receptions: Receptions;
	readonly #windows: ReorderWindows;

	/** Throws `Refused`. */
	constructor(hub: Hub, path: PathName, tracks: readonly Track[], info: PublisherInfo, events: IngestEvents) {
		this.#hub = hub;
		this.#events = events;
		this.#receptions = new Receptions(tracks, hub.clock.now(), (track, packet) => events.rtcp(track, packet));
		this.#publication = hub.publish(path, tracks, info, {
			onEnd: (reason) => events.onEnd(reason),
			onKeyFrameRequest: () => this.#receptions.requestKeyFrame(),
		});
		const { reorderTime } = this.#publication.path.settings;
		this.#windows = new ReorderWindows(tracks.length, reorderTime, hub.clock, (track, packet) =>
			this.#publication.packet(track, packet, 0, packet.length),
		);
	}

	/** A whole RTP packet of a track; the bytes are kept. */
	packet(track: number, bytes: Buffer, now: Millis): void {
		this.#receptions.received(track, bytes, 0, now);
		this.#windows.push(track, bytes, now);
	}

	/** RTCP from the sender; `heard` is called with each track that it reports on. */
	rtcp(bytes: Uint8Array, heard: (track: number) => void): void {
		for (const packet of parseRtcp(bytes) ?? []) {
			if (packet.kind === "senderReport") this.#report(packet, heard);
			if (packet.kind === "bye" && packet.ssrcs.some((ssrc) => this.#receptions.trackOf(ssrc) >= 0)) {
				this.#events.onEnd("the sender said goodbye");
				return;
			}
		}
	}

	/** To be called about once a second. */
	tick(now: Millis): void {
		this.#receptions.tick(now);
	}

	/** The sender is gone. */
	close(reason: string): void {
		this.#windows.close();
		this.#publication.close(reason);
	}

	#report(packet: Extract<RtcpPacket, { kind: "senderReport" }>, heard: (track: number) => void): void {
		const track = this.#receptions.trackOf(packet.ssrc);
		if (track < 0) return;
		heard(track);
		const unixMs = this.#receptions.reported(track, packet, this.#hub.clock.now());
		this.#publication.report(track, packet.rtpTime, unixMs);
	}
}
