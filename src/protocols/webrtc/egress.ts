import type { Fans } from "../../hub/fans.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Reader } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { SenderStream } from "../../net/sender/stream.ts";
import { hasNativeSockets } from "../../net/udp-native.ts";
import { parseRtcp, type RtcpPacket } from "../../wire/rtcp.ts";
import { compound, ntpOf, roundTripMs, writeDescription, writeSenderReport } from "../../wire/rtcp-write.ts";
import type { Carrier, SentCount, ViewerTrack } from "./carrier.ts";
import { AloneCarrier } from "./egress-alone.ts";
import { UdpCarrier } from "./egress-udp.ts";
import type { Route } from "./ice.ts";
import { UdpRoute } from "./ports.ts";
import type { Role, SecureMedia } from "./session.ts";

/**
 * Sender reports: some soon, so that sound and picture find each other, also where sound is made first and comes late, then
 * as RFC 3550 section 6.2 has it. Browsers need two of each track.
 */
const SOON_MS = 3_500;
const SOON_REPORT_MS = 1_000;
const REPORT_MS = 5_000;
/**
 * What arrives before Chromium has finished taking the answer is dropped without being counted as lost. On the shortest
 * ways the handshake ends at about that time; where even this is too soon, its request for a key frame repeats the burst.
 */
const MEDIA_DELAY_MS = 3;
/** A viewer that joins asks for key frames although one is on its way. */
const JOINING_MS = 1_000;
/** Between two repetitions of the burst: longer each time, for they fill a network that is full already. */
const REPLAY_MS = 300;
const LONGEST_REPLAY_MS = 10_000;
/** Packets that one viewer may ask for again in a second. */
const MAX_REPAIRS = 2_000;
const CNAME = "vedette";
export const B_FRAMES =
	"its pictures are not in the order in which they are shown (B-frames), which WebRTC cannot carry";
/** Low, because a wrap among the first packets can lose the roll-over counter for good (RFC 3711 section 3.3.1). */
export const FIRST_SEQUENCE = 1_000;
/** What the other carrier may have sent without our knowing it yet. */
const CARRIER_GAP = 1_000;
/** Beyond this the roll-over counter may have turned: another carrier could use a number twice, which no cipher forgives. */
const MAX_CARRIED = 30_000;

export interface EgressOptions {
	readonly hub: Hub;
	readonly path: PathName;
	/** The stream that was negotiated. */
	readonly stream: Stream;
	readonly tracks: readonly ViewerTrack[];
	readonly id: string;
	/** The user's name; empty for nobody in particular. */
	readonly user: string;
	/** Where the offer came from: by that somebody who waits, watches and is stopped is the same one, whichever way the pictures go. */
	readonly remoteAddress: string;
	/** What stood after `?` in the address. */
	readonly query: string;
	/** The fan-outs of the sender. */
	readonly fans: Fans<SenderStream>;
	/** The session must end. */
	readonly end: (reason: string) => void;
}

/** What the viewer reports about what it gets. */
export interface ViewerReport {
	readonly roundTripMs: number | undefined;
	/** Share of packets lost on the way, 0 to 1, before repair. */
	readonly loss: number;
	readonly jitterMs: number;
}

/** Hands a stream to one viewer: what is the same over UDP and TCP. */
export class Egress implements Role {
	readonly busy = false;
	readonly delayMs = MEDIA_DELAY_MS;
	/** Counted for the API. */
	nacks = 0;
	keyRequests = 0;
	report: ViewerReport | undefined;
	readonly #options: EgressOptions;
	#media: SecureMedia | undefined;
	#route: Route | undefined;
	#reader: Reader | undefined;
	#carrier: Carrier | undefined;
	#startedAt: Millis = 0;
	#nextReport: Millis = 0;
	/** How often it could not keep up: then it waits for a key frame, which may be long in coming. */
	#cuts = 0;
	#replayAt: Millis = Number.NEGATIVE_INFINITY;
	#replayMs: Millis = REPLAY_MS;
	#repairs = 0;

	constructor(options: EgressOptions) {
		this.#options = options;
	}

	/** The reader, its counters up to date. */
	get reader(): Reader | undefined {
		this.#carrier?.account();
		return this.#reader;
	}

	start(media: SecureMedia, route: Route, now: Millis): void {
		this.#media = media;
		this.#route = route;
		this.#startedAt = now;
		this.#carry(route, () => FIRST_SEQUENCE);
		this.tick(now);
	}

	/** Joins the stream by the carrier that the route asks for. */
	#carry(route: Route, first: (track: ViewerTrack) => number): void {
		const { hub, path, stream } = this.#options;
		if (!this.#media) return;
		if (hub.find(path) !== stream) throw new Error("the stream has changed since it was asked for");
		const numbered = this.#options.tracks.map((track) => ({ track, first: first(track) }));
		if (route instanceof UdpRoute && hasNativeSockets) this.#carryTogether(route, numbered, this.#media);
		else this.#carryAlone(route, numbered, this.#media);
	}

	/** By the sender, with all other viewers. */
	#carryTogether(route: UdpRoute, numbered: { track: ViewerTrack; first: number }[], { local }: SecureMedia): void {
		const reader = this.#read();
		this.#reader = reader;
		this.#carrier = new UdpCarrier(this.#options.fans, reader, route, numbered, local);
		// The sender begins with the burst at once; without one the first packet shows.
		if (reader.from < reader.burstEnd) reader.sawFirstFrame(this.#options.hub.clock.now());
	}

	/** Over TCP, or where the system cannot send to many at once. */
	#carryAlone(route: Route, numbered: { track: ViewerTrack; first: number }[], { sender }: SecureMedia): void {
		let carrier: AloneCarrier | undefined;
		const reader = this.#read((_, now) => carrier?.pump(now));
		this.#reader = reader;
		const { clock } = this.#options.hub;
		carrier = new AloneCarrier(reader, route, numbered, sender, () => clock.now());
		this.#carrier = carrier;
		carrier.pump(clock.now());
	}

	#read(onPackets?: (reader: Reader, now: Millis) => void): Reader {
		const { hub, path, tracks, id, user, remoteAddress, query, end } = this.#options;
		const info = { type: "webRTCSession", id, remoteAddress, user, query };
		const numbers = tracks.map((track) => track.index);
		return hub.read(path, numbers, info, onPackets ? { onEnd: end, onPackets } : { onEnd: end });
	}

	moved(route: Route): void {
		this.#route = route;
		const carrier = this.#carrier;
		if (!carrier || carrier.moved(route)) return;
		const next = new Map(this.#options.tracks.map((track) => [track, carrier.next(track)]));
		this.#leave("it moved between UDP and TCP");
		if ([...next.values()].some((number) => number > MAX_CARRIED)) {
			this.#options.end("the viewer moved between UDP and TCP: it has to connect again");
			return;
		}
		try {
			this.#carry(route, (track) => (next.get(track) ?? 0) + CARRIER_GAP);
		} catch (error) {
			this.#options.end(error instanceof Error ? error.message : String(error));
		}
	}

	/** Viewers send no media. */
	rtp(): void {}

	rtcp(bytes: Uint8Array, now: Millis): void {
		for (const packet of parseRtcp(bytes) ?? []) this.#control(packet, now);
	}

	#control(packet: RtcpPacket, now: Millis): void {
		if (packet.kind === "nack") {
			const track = this.#options.tracks.find((one) => one.ssrc === packet.media);
			if (!track) return;
			this.nacks += packet.lost.length;
			this.#repairs += packet.lost.length;
			if (this.#repairs <= MAX_REPAIRS) this.#carrier?.resend(track, packet.lost);
		} else if (packet.kind === "pictureLoss" || packet.kind === "fullIntra") {
			this.#wantsKeyFrame(now);
		} else if (packet.kind === "receiverReport" || packet.kind === "senderReport") {
			this.#note(packet.reports);
		}
	}

	/** What the viewer lacks may still be in the cache; if not, the publisher is asked. */
	#wantsKeyFrame(now: Millis): void {
		this.keyRequests++;
		if (now >= this.#replayAt) {
			// After a quiet time it begins anew.
			const quiet = now - this.#replayAt > LONGEST_REPLAY_MS;
			this.#replayMs = quiet ? REPLAY_MS : Math.min(this.#replayMs * 2, LONGEST_REPLAY_MS);
			this.#replayAt = now + this.#replayMs;
			this.#carrier?.replay();
		}
		if (now - this.#startedAt > JOINING_MS) this.#options.stream.requestKeyFrame();
	}

	#note(blocks: Extract<RtcpPacket, { kind: "receiverReport" }>["reports"]): void {
		const { hub, tracks } = this.#options;
		for (const block of blocks) {
			const track = tracks.find((one) => one.ssrc === block.ssrc);
			// The first track speaks for all: they share their way.
			if (!track || track !== tracks[0]) continue;
			this.report = {
				roundTripMs: roundTripMs(block, ntpOf(hub.clock.unix())),
				loss: block.fractionLost / 256,
				jitterMs: (block.jitter * 1000) / track.track.clockRate,
			};
		}
	}

	tick(now: Millis): void {
		this.#repairs = 0;
		const { reader } = this;
		if (reader && reader.firstFrameMs < 0 && reader.counters.packets > 0) reader.sawFirstFrame(now);
		const { stream, tracks, end } = this.#options;
		if (reader && reader.counters.cuts > this.#cuts) stream.requestKeyFrame();
		this.#cuts = reader?.counters.cuts ?? 0;
		if (tracks.some((track) => stream.intakes[track.index]?.reordered)) {
			end(B_FRAMES);
			return;
		}
		if (now < this.#nextReport) return;
		this.#nextReport = now + (now - this.#startedAt < SOON_MS ? SOON_REPORT_MS : REPORT_MS);
		for (const track of this.#options.tracks) this.#sendReport(track, now);
	}

	#sendReport(track: ViewerTrack, now: Millis): void {
		if (!this.#media || !this.#carrier) return;
		const packet = senderReport(this.#options.stream, track, this.#carrier.sent(track), now);
		if (packet) this.#route?.send(this.#media.sender.rtcp(packet));
	}

	close(reason: string): void {
		this.#leave(reason);
	}

	#leave(reason: string): void {
		this.#carrier?.close();
		this.#carrier = undefined;
		this.#reader?.leave(reason);
	}
}

/** Tells which wall time a track's timestamps stand for; undefined before its first packet. */
export function senderReport(stream: Stream, track: ViewerTrack, sent: SentCount, now: Millis): Uint8Array | undefined {
	const clock = stream.clock(track.index, now);
	if (!clock) return undefined;
	const { seconds: ntpSeconds, fraction: ntpFraction } = ntpOf(clock.unixMs);
	const counts = { packets: sent.packets >>> 0, octets: sent.octets >>> 0 };
	const sender = { ssrc: track.ssrc, ntpSeconds, ntpFraction, rtpTime: clock.timestamp, ...counts };
	return compound(writeSenderReport(sender), writeDescription(track.ssrc, CNAME));
}
