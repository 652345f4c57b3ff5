import type { Publication } from "../../hub/path.ts";
import type { Millis } from "../../media/time.ts";
import { parseRtcp, type RtcpPacket } from "../../wire/rtcp.ts";
import { TransportFeedback } from "../../wire/rtcp-twcc.ts";
import {
	compound,
	middle32,
	unixOf,
	writeDescription,
	writeNack,
	writePictureLoss,
	writeReceiverReport,
} from "../../wire/rtcp-write.ts";
import { rtpHeaderBytes, rtpPaddingBytes, rtpPayloadType, rtpSequence, rtpSsrc, rtpTimestamp } from "../../wire/rtp.ts";
import { ReceptionStatistics } from "../../wire/rtp-statistics.ts";
import type { Route } from "./ice.ts";
import type { SourceHint } from "./negotiate.ts";
import { RepairWindow } from "./repair.ts";
import type { Role, SecureMedia } from "./session.ts";

const REPORT_EVERY_MS = 1_000;
const FEEDBACK_EVERY_MS = 50;
const KEY_RETRY_MS = 500;
/** The source that our own reports come from: anything but a source of the publisher's. */
const OWN_SSRC = 1;

/** One track that the publisher sends. */
interface Source {
	readonly hint: SourceHint;
	readonly window: RepairWindow;
	readonly statistics: ReceptionStatistics;
	/** 0 before the first packet. */
	ssrc: number;
}

/** What is counted of a publisher. */
export interface IngestStatistics {
	readonly lost: number;
	readonly asked: number;
	/** Of the first track, in milliseconds. */
	readonly jitterMs: number;
}

/** The value of a one-byte header extension of two bytes, RFC 8285 section 4.2; −1 where the packet has none. */
function extensionValue(packet: Uint8Array, id: number): number {
	const at = 12 + (packet[0]! & 15) * 4;
	if (!(packet[0]! & 0x10) || packet[at] !== 0xbe || packet[at + 1] !== 0xde) return -1;
	const end = at + 4 + ((packet[at + 2]! << 8) | packet[at + 3]!) * 4;
	for (let item = at + 4; item < end; ) {
		const head = packet[item]!;
		const length = (head & 15) + 1;
		// 0 is padding, 15 ends the extensions.
		if (head === 0) item++;
		else if (head >> 4 === 15) return -1;
		else if (head >> 4 === id)
			return length === 2 && item + 2 < end ? (packet[item + 1]! << 8) | packet[item + 2]! : -1;
		else item += 1 + length;
	}
	return -1;
}

/**
 * The packet that a retransmission carries (RFC 4588 section 4), rewritten in place: its header without extension, its
 * own sequence number in front. Undefined where it carries none, as padding for bandwidth probes does.
 */
function originalOf(packet: Uint8Array, header: number, payloadType: number, ssrc: number): Buffer | undefined {
	const size = packet.length - header - rtpPaddingBytes(packet, 0, packet.length);
	if (size <= 2) return undefined;
	const out = Buffer.alloc(12 + size - 2);
	out.set(packet.subarray(0, 12));
	out[0] = 0x80;
	out[1] = (packet[1]! & 0x80) | payloadType;
	out.set(packet.subarray(header, header + 2), 2);
	out.writeUInt32BE(ssrc, 8);
	out.set(packet.subarray(header + 2, header + size), 12);
	return out;
}

/** A publisher's packets on their way to the hub: repair, feedback, reports. */
export class Ingest implements Role {
	/** Feedback and requests for lost packets are due every 50 ms. */
	readonly busy = true;
	/** Its first packets are a key frame. */
	readonly delayMs = 0;
	readonly publication: Publication;
	readonly #sources: readonly Source[];
	readonly #bySsrc = new Map<number, Source>();
	readonly #feedback = new TransportFeedback();
	readonly #transportSequence: number | undefined;
	#media: SecureMedia | undefined;
	#route: Route | undefined;
	#feedbackAt: Millis = 0;
	/** A key frame is wanted, but there was nobody to ask yet: so it is at the start. */
	#keyWanted = true;
	#keyAskedAt: Millis = 0;
	#discarded = 0;
	#reportAt: Millis = 0;

	constructor(publication: Publication, hints: readonly SourceHint[]) {
		this.publication = publication;
		this.#transportSequence = hints.find((one) => one.transportSequence !== undefined)?.transportSequence;
		const { reorderTime } = publication.path.settings;
		this.#sources = hints.map((hint) => ({
			hint,
			window: new RepairWindow(reorderTime, (packet) => {
				publication.packet(hint.trackIndex, packet, 0, packet.length);
			}),
			statistics: new ReceptionStatistics(hint.clockRate),
			ssrc: 0,
		}));
		for (const source of this.#sources) for (const ssrc of source.hint.ssrcs) this.#bySsrc.set(ssrc, source);
	}

	start(media: SecureMedia, route: Route): void {
		this.#media = media;
		this.#route = route;
	}

	moved(route: Route): void {
		this.#route = route;
	}

	#sendRtcp(packet: Uint8Array): void {
		if (this.#media) this.#route?.send(this.#media.sender.rtcp(packet));
	}

	close(reason: string): void {
		this.publication.close(reason);
	}

	get statistics(): IngestStatistics {
		const [first] = this.#sources;
		return {
			lost: this.#sources.reduce((sum, one) => sum + one.window.lost, 0),
			asked: this.#sources.reduce((sum, one) => sum + one.window.asked, 0),
			jitterMs: first ? (first.statistics.jitter * 1000) / first.hint.clockRate : 0,
		};
	}

	/** One decrypted RTP packet. */
	rtp(packet: Uint8Array, now: Millis): void {
		const header = rtpHeaderBytes(packet, 0, packet.length);
		if (header < 0) return;
		if (this.#transportSequence !== undefined) {
			const sequence = extensionValue(packet, this.#transportSequence);
			if (sequence >= 0) this.#feedback.packet(sequence, now);
		}
		const type = rtpPayloadType(packet, 0);
		const source = this.#sourceOf(rtpSsrc(packet, 0), type);
		if (!source) return;
		if (type === source.hint.rtx) {
			const original = source.ssrc === 0 ? undefined : originalOf(packet, header, source.hint.payloadType, source.ssrc);
			if (original) source.window.push(rtpSequence(original, 0), original, now);
			return;
		}
		if (type !== source.hint.payloadType) return;
		source.ssrc = rtpSsrc(packet, 0);
		source.statistics.received(source.ssrc, rtpSequence(packet, 0), rtpTimestamp(packet, 0), now);
		source.window.push(rtpSequence(packet, 0), packet, now);
		if (source.window.waiting) this.#ask(source, now);
	}

	/** By the sources in the offer, else by payload type (RFC 9143 section 9.2). */
	#sourceOf(ssrc: number, type: number): Source | undefined {
		return this.#bySsrc.get(ssrc) ?? this.#sources.find(({ hint }) => hint.payloadType === type || hint.rtx === type);
	}

	#ask(source: Source, now: Millis): void {
		if (!source.hint.nack) return;
		const due = source.window.requests(now);
		if (due.length > 0) this.#sendRtcp(writeNack(OWN_SSRC, source.ssrc, due));
	}

	/** One decrypted RTCP packet. */
	rtcp(bytes: Uint8Array, now: Millis): void {
		for (const packet of parseRtcp(bytes) ?? []) this.#control(packet, now);
	}

	#control(packet: RtcpPacket, now: Millis): void {
		if (packet.kind !== "senderReport") return;
		const source = this.#sources.find((one) => one.ssrc === packet.ssrc);
		if (!source) return;
		const ntp = { seconds: packet.ntpSeconds, fraction: packet.ntpFraction };
		source.statistics.senderReport(middle32(ntp), now);
		this.publication.report(source.hint.trackIndex, packet.rtpTime, unixOf(ntp));
	}

	/** The hub wants a key frame: picture loss indications for all video that has come yet. */
	requestKeyFrame(): void {
		this.#keyWanted = true;
		for (const { hint, ssrc } of this.#sources) {
			if (hint.kind !== "video" || ssrc === 0) continue;
			this.#keyWanted = false;
			this.#sendRtcp(writePictureLoss(OWN_SSRC, ssrc));
		}
	}

	/** Requests can be lost, too: while packets come that are of no use without a key frame, it is asked for again. */
	#repeatKeyRequest(now: Millis): void {
		if (now - this.#keyAskedAt < KEY_RETRY_MS) return;
		this.#keyAskedAt = now;
		const { intakes, ring } = this.publication.stream;
		const discarded = intakes.reduce((sum, one) => sum + one.counters.discarded, 0);
		const useless = discarded > this.#discarded;
		this.#discarded = discarded;
		if (useless || (this.#keyWanted && ring.join < 0)) this.requestKeyFrame();
	}

	/** Asks again, gives up, reports. To be called every 50 ms. */
	tick(now: Millis): void {
		for (const source of this.#sources) {
			if (!source.window.waiting) continue;
			this.#ask(source, now);
			source.window.tick(now);
		}
		this.#repeatKeyRequest(now);
		if (now - this.#feedbackAt >= FEEDBACK_EVERY_MS) {
			this.#feedbackAt = now;
			const media = this.#sources.find((one) => one.ssrc !== 0)?.ssrc ?? 0;
			const feedback = this.#feedback.take(OWN_SSRC, media);
			if (feedback) this.#sendRtcp(feedback);
		}
		if (now - this.#reportAt >= REPORT_EVERY_MS) {
			this.#reportAt = now;
			const blocks = this.#sources.flatMap((source) => source.statistics.report(now) ?? []);
			if (blocks.length > 0)
				this.#sendRtcp(compound(writeReceiverReport(OWN_SSRC, blocks), writeDescription(OWN_SSRC, "vedette")));
		}
	}
}
