import type { SenderInfo } from "./rtcp.ts";
import type { ReceptionReport } from "./rtp-statistics.ts";

/** Reports in one packet: its count has five bits. */
const MAX_REPORTS = 31;
const UNIX_TO_NTP_SECONDS = 2_208_988_800;

/** An instant as NTP has it. */
export interface NtpTime {
	/** Since 1900, modulo 2^32. */
	readonly seconds: number;
	/** In 2^-32 seconds. */
	readonly fraction: number;
}

/** NTP time of a Unix time in milliseconds. */
export function ntpOf(unixMs: number): NtpTime {
	const seconds = Math.floor(unixMs / 1000);
	const fraction = Math.floor((unixMs / 1000 - seconds) * 2 ** 32);
	return { seconds: (seconds + UNIX_TO_NTP_SECONDS) >>> 0, fraction: fraction >>> 0 };
}

/** Unix milliseconds of an NTP time, taken to lie between 1968 and 2104 (RFC 4330 section 3). */
export function unixOf(ntp: NtpTime): number {
	const era = ntp.seconds >= 0x80000000 ? 0 : 2 ** 32;
	return (era + ntp.seconds - UNIX_TO_NTP_SECONDS) * 1000 + (ntp.fraction / 2 ** 32) * 1000;
}

/** The middle 32 bits of an NTP time, as reports carry it (RFC 3550 section 4). */
export function middle32(ntp: NtpTime): number {
	return ((ntp.seconds << 16) | (ntp.fraction >>> 16)) >>> 0;
}

/**
 * The round trip in milliseconds that a report block tells about, RFC 3550 section 6.4.1; undefined where the receiver
 * has seen no sender report, or where its figures are from another world.
 */
export function roundTripMs(block: ReceptionReport, now: NtpTime): number | undefined {
	if (block.lastSenderReport === 0) return undefined;
	const trip = (middle32(now) - block.lastSenderReport - block.delaySinceLastSenderReport) | 0;
	// A receiver's clock may run a little fast, so that a short trip comes out below zero.
	if (trip < -65_536 || trip > 60 * 65_536) return undefined;
	return (Math.max(0, trip) * 1000) / 65_536;
}

function open(type: number, count: number, bytes: number): { out: Uint8Array; view: DataView } {
	const out = new Uint8Array(bytes);
	const view = new DataView(out.buffer);
	view.setUint8(0, 0x80 | count);
	view.setUint8(1, type);
	view.setUint16(2, bytes / 4 - 1);
	return { out, view };
}

function putReports(view: DataView, at: number, reports: readonly ReceptionReport[]): void {
	for (const [index, block] of reports.entries()) {
		const o = at + index * 24;
		view.setUint32(o, block.ssrc);
		view.setUint32(
			o + 4,
			((block.fractionLost & 0xff) << 24) | (Math.max(-0x800000, Math.min(0x7fffff, block.cumulativeLost)) & 0xffffff),
		);
		view.setUint32(o + 8, block.highestSequence);
		view.setUint32(o + 12, block.jitter);
		view.setUint32(o + 16, block.lastSenderReport);
		view.setUint32(o + 20, block.delaySinceLastSenderReport);
	}
}

/** A sender report, RFC 3550 section 6.4.1; report blocks beyond 31 are left out. */
export function writeSenderReport(sender: SenderInfo, reports: readonly ReceptionReport[] = []): Uint8Array {
	const blocks = reports.slice(0, MAX_REPORTS);
	const { out, view } = open(200, blocks.length, 28 + blocks.length * 24);
	view.setUint32(4, sender.ssrc);
	view.setUint32(8, sender.ntpSeconds);
	view.setUint32(12, sender.ntpFraction);
	view.setUint32(16, sender.rtpTime);
	view.setUint32(20, sender.packets);
	view.setUint32(24, sender.octets);
	putReports(view, 28, blocks);
	return out;
}

/** A receiver report, RFC 3550 section 6.4.2; report blocks beyond 31 are left out. */
export function writeReceiverReport(ssrc: number, reports: readonly ReceptionReport[]): Uint8Array {
	const blocks = reports.slice(0, MAX_REPORTS);
	const { out, view } = open(201, blocks.length, 8 + blocks.length * 24);
	view.setUint32(4, ssrc);
	putReports(view, 8, blocks);
	return out;
}

/** A source description with the one item that must be there, RFC 3550 section 6.5.1. */
export function writeDescription(ssrc: number, cname: string): Uint8Array {
	const text = new TextEncoder().encode(cname).subarray(0, 255);
	// At least one zero byte ends the items.
	const { out, view } = open(202, 1, (8 + 2 + text.length + 4) & ~3);
	view.setUint32(4, ssrc);
	view.setUint8(8, 1);
	view.setUint8(9, text.length);
	out.set(text, 10);
	return out;
}

/** Goodbye, RFC 3550 section 6.6. */
export function writeBye(ssrc: number): Uint8Array {
	const { out, view } = open(203, 1, 8);
	view.setUint32(4, ssrc);
	return out;
}

/** Generic NACK for sequence numbers in ascending order (wraps allowed), RFC 4585 section 6.2.1. */
export function writeNack(sender: number, media: number, lost: readonly number[]): Uint8Array {
	const entries: { first: number; following: number }[] = [];
	for (const sequence of lost) {
		const last = entries.at(-1);
		const ahead = last ? (sequence - last.first) & 0xffff : 0;
		if (last && ahead >= 1 && ahead <= 16) last.following |= 1 << (ahead - 1);
		else entries.push({ first: sequence & 0xffff, following: 0 });
	}
	const { out, view } = open(205, 1, 12 + entries.length * 4);
	view.setUint32(4, sender);
	view.setUint32(8, media);
	for (const [index, { first, following }] of entries.entries()) {
		view.setUint16(12 + index * 4, first);
		view.setUint16(14 + index * 4, following);
	}
	return out;
}

/** Picture loss indication, RFC 4585 section 6.3.1. */
export function writePictureLoss(sender: number, media: number): Uint8Array {
	const { out, view } = open(206, 1, 12);
	view.setUint32(4, sender);
	view.setUint32(8, media);
	return out;
}

/** Full intra request, RFC 5104 section 4.3.1; `sequence` counts requests, 0 to 255. */
export function writeFullIntra(sender: number, media: number, sequence: number): Uint8Array {
	const { out, view } = open(206, 4, 20);
	view.setUint32(4, sender);
	view.setUint32(12, media);
	view.setUint8(16, sequence);
	return out;
}

/** Packets one behind the other, as one compound packet (RFC 3550 section 6.1). */
export function compound(...packets: readonly Uint8Array[]): Uint8Array {
	const out = new Uint8Array(packets.reduce((sum, packet) => sum + packet.length, 0));
	let at = 0;
	for (const packet of packets) {
		out.set(packet, at);
		at += packet.length;
	}
	return out;
}
