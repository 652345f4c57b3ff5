import type { Hub } from "../../hub/hub.ts";
import { newId } from "../../hub/path.ts";
import { Refused } from "../../hub/refused.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { SenderLatch } from "../../net/latch.ts";
import { isRtcp } from "../../wire/rtcp.ts";
import { rtpHeaderBytes, rtpPayloadType, rtpSsrc } from "../../wire/rtp.ts";
import type { AwaitedTrack } from "./description.ts";
import { Ingest } from "./ingest.ts";
import { Recogniser } from "./recogniser.ts";

/** A sender that is silent for so long has ended its stream. */
const SILENCE_MS = 5000;
/** Where the hub refuses the stream, it is asked again after so long. */
const RETRY_MS = 1000;

/** Where an answer leaves. */
interface Exit {
	send(bytes: Uint8Array, address: string, port: number): void;
}

/** What the receiver tells its caller. */
export interface ReceiverEvents {
	/** A packet that was dropped: of somebody else than the sender, or not a packet of the stream. */
	onStray(): void;
	/** The hub does not take the stream. */
	onRefused(reason: string): void;
}

/**
 * Takes the datagrams of one source, whoever sends them, and publishes the stream of one sender at a time. Opens no
 * socket.
 */
export class RtpReceiver {
	readonly #hub: Hub;
	readonly #path: PathName;
	/** Undefined where the stream must be recognised. */
	readonly #awaited: readonly AwaitedTrack[] | undefined;
	readonly #events: ReceiverEvents;
	readonly #latch: SenderLatch;
	#recogniser = new Recogniser();
	#recognised: Track | undefined;
	#ingest: Ingest | undefined;
	#retryAt = Number.NEGATIVE_INFINITY;
	/** How RTCP goes back to the sender of each track, by what came from there. */
	readonly #ways: (((packet: Uint8Array) => void) | undefined)[] = [];

	/** `allowed` says who may send. */
	constructor(
		hub: Hub,
		path: PathName,
		awaited: readonly AwaitedTrack[] | undefined,
		allowed: (address: string) => boolean,
		events: ReceiverEvents,
	) {
		this.#hub = hub;
		this.#path = path;
		this.#awaited = awaited;
		this.#events = events;
		this.#latch = new SenderLatch(allowed);
	}

	/** A datagram that came to the local port `to`; the bytes are kept. */
	datagram(bytes: Buffer, address: string, port: number, to: number, exit: Exit): void {
		if (isRtcp(bytes)) {
			this.#rtcp(bytes, address, port, exit);
			return;
		}
		const track = rtpHeaderBytes(bytes, 0, bytes.length) < 0 ? -1 : this.#trackOf(to, rtpPayloadType(bytes, 0));
		const now = this.#hub.clock.now();
		const admission = track < 0 ? "refused" : this.#latch.admit(track, address, port, rtpSsrc(bytes, 0), now);
		if (admission === "refused") {
			this.#events.onStray();
			return;
		}
		if (admission === "new") this.#end("another stream begins");
		if (this.#ingest) this.#ingest.packet(track, bytes, now);
		else if (this.#awaited)
			this.#begin(
				this.#awaited.map((one) => one.track),
				track,
				[bytes],
				now,
			);
		else this.#recognise(bytes, now);
	}

	/** To be called about once a second. */
	tick(now: Millis): void {
		this.#ingest?.tick(now);
		if (now - this.#latch.last > SILENCE_MS) this.#release(`no packet for ${SILENCE_MS / 1000} s`);
	}

	close(reason: string): void {
		this.#release(reason);
	}

	/** The track of a packet: the one that is awaited at this port, else any with this payload type. */
	#trackOf(port: number, payloadType: number): number {
		if (!this.#awaited) return payloadType === (this.#recognised?.payloadType ?? payloadType) ? 0 : -1;
		let found = -1;
		for (let i = 0; i < this.#awaited.length; i++) {
			const one = this.#awaited[i]!;
			if (one.track.payloadType !== payloadType) continue;
			if (one.port === port) return i;
			if (found < 0) found = i;
		}
		return found;
	}

	#recognise(bytes: Buffer, now: Millis): void {
		const found = this.#recogniser.packet(bytes);
		if (!found) return;
		this.#recognised = found.track;
		this.#recogniser = new Recogniser();
		this.#begin([found.track], 0, found.packets, now);
	}

	#begin(tracks: readonly Track[], track: number, packets: readonly Buffer[], now: Millis): void {
		if (now < this.#retryAt) return;
		const { address } = this.#latch;
		const info = { type: "rtpSource", id: newId(), remoteAddress: address, identity: `source ${this.#path}` };
		try {
			this.#ingest = new Ingest(this.#hub, this.#path, tracks, info, {
				rtcp: (of, packet) => this.#ways[of]?.(packet),
				onEnd: (reason) => this.#release(reason),
			});
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			this.#retryAt = now + RETRY_MS;
			this.#recognised = undefined;
			this.#events.onRefused(error.message);
			return;
		}
		for (const packet of packets) this.#ingest?.packet(track, packet, now);
	}

	#rtcp(bytes: Buffer, address: string, port: number, exit: Exit): void {
		if (address !== this.#latch.address) {
			// Some senders report before they send.
			if (this.#latch.address !== "") this.#events.onStray();
			return;
		}
		this.#ingest?.rtcp(bytes, (track) => {
			this.#ways[track] = (packet) => exit.send(packet, address, port);
		});
	}

	#end(reason: string): void {
		const ingest = this.#ingest;
		this.#ingest = undefined;
		this.#recognised = undefined;
		this.#recogniser = new Recogniser();
		this.#ways.length = 0;
		ingest?.close(reason);
	}

	/** The stream is over; the next one may come from anybody who may send. */
	#release(reason: string): void {
		this.#latch.release();
		this.#end(reason);
	}
}
