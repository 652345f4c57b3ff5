import { randomInt } from "node:crypto";
import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { payloadH264 } from "../../wire/payload/h264.ts";
import { compound, ntpOf, writeDescription, writeSenderReport } from "../../wire/rtcp-write.ts";
import { RTP_HEADER_BYTES, writeRtpHeader } from "../../wire/rtp.ts";

/** Payload bytes per packet: with all headers of WebRTC below 1280, the smallest MTU of IPv6. */
const MAX_PAYLOAD_BYTES = 1188;
const REPORT_EVERY_MS = 1000;

/** Where packets go; each is memory of its own. */
export interface RtpOut {
	rtp(packet: Buffer): void;
	rtcp(packet: Uint8Array): void;
}

/** One H.264 track as RTP packets and sender reports that tell when its pictures were captured. */
export class RtpStream {
	readonly ssrc: number;
	readonly #track: Track;
	readonly #out: RtpOut;
	readonly #cname: string;
	readonly #firstTimestamp = randomInt(2 ** 32);
	// Starts low: a wrap among the first packets can cost a receiver SRTP's roll-over counter.
	#sequence = randomInt(2 ** 14);
	#packets = 0;
	#octets = 0;
	#reportedAt = Number.NEGATIVE_INFINITY;

	constructor(track: Track, cname: string, out: RtpOut) {
		this.ssrc = randomInt(1, 2 ** 32);
		this.#track = track;
		this.#cname = cname;
		this.#out = out;
	}

	/** Sends a frame, and before it once a second a sender report. */
	write(frame: Frame): void {
		const timestamp = (this.#firstTimestamp + frame.pts) >>> 0;
		const now = performance.now();
		if (now - this.#reportedAt >= REPORT_EVERY_MS) {
			this.#reportedAt = now;
			this.#report(frame.capturedAt ?? Date.now(), timestamp);
		}
		let packet: Buffer | undefined;
		// Each packet is complete when room for the next one is asked for.
		payloadH264(frame.units, MAX_PAYLOAD_BYTES, (length, last) => {
			if (packet) this.#out.rtp(packet);
			packet = Buffer.allocUnsafe(RTP_HEADER_BYTES + length);
			writeRtpHeader(packet, 0, this.#track.payloadType, last, this.#sequence, timestamp, this.ssrc);
			this.#sequence = (this.#sequence + 1) & 0xffff;
			this.#packets += 1;
			this.#octets += length;
			return packet.subarray(RTP_HEADER_BYTES);
		});
		if (packet) this.#out.rtp(packet);
	}

	#report(capturedAt: number, rtpTime: number): void {
		const ntp = ntpOf(capturedAt);
		const sender = {
			ssrc: this.ssrc,
			ntpSeconds: ntp.seconds,
			ntpFraction: ntp.fraction,
			rtpTime,
			packets: this.#packets >>> 0,
			octets: this.#octets >>> 0,
		};
		this.#out.rtcp(compound(writeSenderReport(sender), writeDescription(this.ssrc, this.#cname)));
	}
}
