import type { ReceptionReport } from "./rtp-statistics.ts";

/** RTCP: RFC 3550 section 6, feedback of RFC 4585 and 5104, REMB. Bytes in, packets out; writers are in rtcp-write.ts. */

const MAX_PACKETS = 64;
/** Sequence numbers taken from one packet's NACK lists; more of them are not answered at once anyway. */
const MAX_NACKED = 1_024;

/** What a sender says about itself, RFC 3550 section 6.4.1. */
export interface SenderInfo {
	readonly ssrc: number;
	/** NTP time: seconds since 1900 and 2^-32 fractions of one. */
	readonly ntpSeconds: number;
	readonly ntpFraction: number;
	/** The same instant on the RTP clock. */
	readonly rtpTime: number;
	readonly packets: number;
	readonly octets: number;
}

export type RtcpPacket =
	| ({ readonly kind: "senderReport"; readonly reports: readonly ReceptionReport[] } & SenderInfo)
	| { readonly kind: "receiverReport"; readonly ssrc: number; readonly reports: readonly ReceptionReport[] }
	| { readonly kind: "description"; readonly names: readonly { ssrc: number; cname: string }[] }
	| { readonly kind: "bye"; readonly ssrcs: readonly number[] }
	/** Generic NACK, RFC 4585 section 6.2.1: sequence numbers asked for again. */
	| { readonly kind: "nack"; readonly media: number; readonly lost: readonly number[] }
	/** Picture loss indication, RFC 4585 section 6.3.1. */
	| { readonly kind: "pictureLoss"; readonly media: number }
	/** Full intra request, RFC 5104 section 4.3.1. */
	| { readonly kind: "fullIntra"; readonly requests: readonly { ssrc: number; sequence: number }[] }
	/** Receiver estimated maximum bitrate in bit/s, draft-alvestrand-rmcat-remb-03 section 2.2. */
	| { readonly kind: "maximumBitrate"; readonly bitrate: number; readonly ssrcs: readonly number[] }
	| { readonly kind: "other"; readonly type: number; readonly format: number };

const REPORT_BYTES = 24;

function reportsAt(view: DataView, at: number, count: number): ReceptionReport[] | undefined {
	if (at + count * REPORT_BYTES > view.byteLength) return undefined;
	return Array.from({ length: count }, (_, index) => {
		const o = at + index * REPORT_BYTES;
		return {
			ssrc: view.getUint32(o),
			fractionLost: view.getUint8(o + 4),
			cumulativeLost: (view.getUint32(o + 4) << 8) >> 8,
			highestSequence: view.getUint32(o + 8),
			jitter: view.getUint32(o + 12),
			lastSenderReport: view.getUint32(o + 16),
			delaySinceLastSenderReport: view.getUint32(o + 20),
		};
	});
}

function senderReport(view: DataView, count: number): RtcpPacket | undefined {
	if (view.byteLength < 28) return undefined;
	const reports = reportsAt(view, 28, count);
	if (!reports) return undefined;
	return {
		kind: "senderReport",
		ssrc: view.getUint32(4),
		ntpSeconds: view.getUint32(8),
		ntpFraction: view.getUint32(12),
		rtpTime: view.getUint32(16),
		packets: view.getUint32(20),
		octets: view.getUint32(24),
		reports,
	};
}

function receiverReport(view: DataView, count: number): RtcpPacket | undefined {
	const reports = view.byteLength >= 8 ? reportsAt(view, 8, count) : undefined;
	return reports && { kind: "receiverReport", ssrc: view.getUint32(4), reports };
}

function description(view: DataView, count: number): RtcpPacket | undefined {
	const names: { ssrc: number; cname: string }[] = [];
	let at = 4;
	for (let chunk = 0; chunk < count; chunk++) {
		if (at + 4 > view.byteLength) return undefined;
		const name = { ssrc: view.getUint32(at), cname: "" };
		at += 4;
		// Items end with a zero byte, and the chunk with its next multiple of four (RFC 3550 section 6.5).
		while (at < view.byteLength && view.getUint8(at) !== 0) {
			const end = at + 2 + (at + 1 < view.byteLength ? view.getUint8(at + 1) : 0);
			if (end > view.byteLength) return undefined;
			if (view.getUint8(at) === 1) {
				name.cname = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 2, end - at - 2));
			}
			at = end;
		}
		at = (at + 4) & ~3;
		names.push(name);
	}
	return { kind: "description", names };
}

function words(view: DataView, at: number, count: number): number[] | undefined {
	if (at + count * 4 > view.byteLength) return undefined;
	return Array.from({ length: count }, (_, index) => view.getUint32(at + index * 4));
}

function nack(view: DataView): RtcpPacket {
	const lost: number[] = [];
	for (let at = 12; at + 4 <= view.byteLength && lost.length < MAX_NACKED; at += 4) {
		const first = view.getUint16(at);
		const following = view.getUint16(at + 2);
		lost.push(first);
		for (let bit = 0; bit < 16; bit++) if ((following >> bit) & 1) lost.push((first + 1 + bit) & 0xffff);
	}
	return { kind: "nack", media: view.getUint32(8), lost };
}

function fullIntra(view: DataView): RtcpPacket {
	const requests: { ssrc: number; sequence: number }[] = [];
	for (let at = 12; at + 8 <= view.byteLength; at += 8) {
		requests.push({ ssrc: view.getUint32(at), sequence: view.getUint8(at + 4) });
	}
	return { kind: "fullIntra", requests };
}

const REMB = 0x52454d42;

function applicationLayer(view: DataView): RtcpPacket | undefined {
	if (view.byteLength < 20 || view.getUint32(12) !== REMB) return { kind: "other", type: 206, format: 15 };
	const packed = view.getUint32(16);
	const ssrcs = words(view, 20, packed >>> 24);
	return ssrcs && { kind: "maximumBitrate", bitrate: (packed & 0x3ffff) * 2 ** ((packed >>> 18) & 63), ssrcs };
}

function feedback(view: DataView, type: number, format: number): RtcpPacket | undefined {
	if (view.byteLength < 12) return undefined;
	if (type === 205 && format === 1) return nack(view);
	if (type === 206 && format === 1) return { kind: "pictureLoss", media: view.getUint32(8) };
	if (type === 206 && format === 4) return fullIntra(view);
	if (type === 206 && format === 15) return applicationLayer(view);
	return { kind: "other", type, format };
}

function parseOne(view: DataView): RtcpPacket | undefined {
	const type = view.getUint8(1);
	const count = view.getUint8(0) & 31;
	if (type === 200) return senderReport(view, count);
	if (type === 201) return receiverReport(view, count);
	if (type === 202) return description(view, count);
	if (type === 203) {
		const ssrcs = words(view, 4, count);
		return ssrcs && { kind: "bye", ssrcs };
	}
	if (type === 205 || type === 206) return feedback(view, type, count);
	return { kind: "other", type, format: count };
}

/**
 * Parses a compound or reduced-size packet (RFC 3550 section 6.1, RFC 5506). Undefined where it is not RTCP: another
 * version, lengths that do not add up, a list longer than its packet, more than 64 packets.
 */
export function parseRtcp(bytes: Uint8Array): RtcpPacket[] | undefined {
	const packets: RtcpPacket[] = [];
	for (let at = 0; at < bytes.length; ) {
		if (at + 4 > bytes.length || packets.length === MAX_PACKETS) return undefined;
		const first = bytes[at]!;
		const length = (((bytes[at + 2]! << 8) | bytes[at + 3]!) + 1) * 4;
		if (first >> 6 !== 2 || at + length > bytes.length) return undefined;
		// Padding is allowed in the last packet only, and tells its own length (RFC 3550 section 6.4.1).
		const padding = first & 0x20 ? bytes[at + length - 1]! : 0;
		if (padding > length - 4 || (first & 0x20 && padding === 0)) return undefined;
		const packet = parseOne(new DataView(bytes.buffer, bytes.byteOffset + at, length - padding));
		if (!packet) return undefined;
		packets.push(packet);
		at += length;
	}
	return packets.length > 0 ? packets : undefined;
}

/** Whether a packet that shares its port with RTP is RTCP: types 192 to 223 (RFC 5761 section 4). */
export function isRtcp(packet: Uint8Array): boolean {
	return packet.length >= 4 && packet[0]! >> 6 === 2 && packet[1]! >= 192 && packet[1]! <= 223;
}

/** Whether an RTCP packet of the receiver asks for a key frame: PLI or FIR. */
export function asksForKeyFrame(packet: Uint8Array): boolean {
	return parseRtcp(packet)?.some(({ kind }) => kind === "pictureLoss" || kind === "fullIntra") ?? false;
}
