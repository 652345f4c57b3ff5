import { distance16, distance32 } from "../media/time.ts";

/** Bytes of an RTP header with neither contributing sources nor extension (RFC 3550 section 5.1). */
export const RTP_HEADER_BYTES = 12;

/**
 * The bytes before an RTP packet's payload: fixed header, contributing sources and extension (RFC 3550 sections 5.1
 * and 5.3.1), or −1 where the `length` bytes at `offset` are no RTP packet. Everything else in this file may be called
 * for a packet only after this function has accepted it.
 */
export function rtpHeaderBytes(buffer: Uint8Array, offset: number, length: number): number {
	if (length < RTP_HEADER_BYTES) return -1;
	const first = buffer[offset]!;
	if (first >> 6 !== 2) return -1;
	let header = RTP_HEADER_BYTES + (first & 0x0f) * 4;
	if (first & 0x10) {
		if (length < header + 4) return -1;
		header += 4 + read16(buffer, offset + header + 2) * 4;
	}
	if (length < header) return -1;
	if (first & 0x20) {
		// RFC 3550 section 5.1: the last octet counts the padding, itself included.
		const padding = buffer[offset + length - 1]!;
		if (padding === 0 || header + padding > length) return -1;
	}
	return header;
}

/** The padding octets at the end of an accepted packet; 0 where the P bit is not set. */
export function rtpPaddingBytes(buffer: Uint8Array, offset: number, length: number): number {
	return buffer[offset]! & 0x20 ? buffer[offset + length - 1]! : 0;
}

export function rtpMarker(buffer: Uint8Array, offset: number): boolean {
	return (buffer[offset + 1]! & 0x80) !== 0;
}

export function rtpPayloadType(buffer: Uint8Array, offset: number): number {
	return buffer[offset + 1]! & 0x7f;
}

export function rtpSequence(buffer: Uint8Array, offset: number): number {
	return read16(buffer, offset + 2);
}

export function rtpTimestamp(buffer: Uint8Array, offset: number): number {
	return read32(buffer, offset + 4);
}

export function rtpSsrc(buffer: Uint8Array, offset: number): number {
	return read32(buffer, offset + 8);
}

/** Sets the payload type and leaves the marker as it is. */
export function setRtpPayloadType(buffer: Uint8Array, offset: number, payloadType: number): void {
	buffer[offset + 1] = (buffer[offset + 1]! & 0x80) | (payloadType & 0x7f);
}

export function setRtpSequence(buffer: Uint8Array, offset: number, sequence: number): void {
	buffer[offset + 2] = sequence >> 8;
	buffer[offset + 3] = sequence;
}

export function setRtpTimestamp(buffer: Uint8Array, offset: number, timestamp: number): void {
	write32(buffer, offset + 4, timestamp);
}

function setRtpSsrc(buffer: Uint8Array, offset: number, ssrc: number): void {
	write32(buffer, offset + 8, ssrc);
}

/** Writes a header of 12 bytes without padding, extension or contributing sources. */
export function writeRtpHeader(
	buffer: Uint8Array,
	offset: number,
	payloadType: number,
	marker: boolean,
	sequence: number,
	timestamp: number,
	ssrc: number,
): void {
	buffer[offset] = 0x80;
	buffer[offset + 1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
	setRtpSequence(buffer, offset, sequence);
	setRtpTimestamp(buffer, offset, timestamp);
	setRtpSsrc(buffer, offset, ssrc);
}

/** Numbers without end from sequence numbers of 16 bits: each is put on the turn nearest to the one before. */
export class SequenceUnwrapper {
	#last: number | undefined;

	next(sequence: number): number {
		this.#last = this.#last === undefined ? sequence : this.#last + distance16(sequence, this.#last);
		return this.#last;
	}
}

/** Ticks without end from RTP timestamps of 32 bits: each is put on the turn nearest to the one before. */
export class TimestampUnwrapper {
	#last: number | undefined;

	next(timestamp: number): number {
		this.#last = this.#last === undefined ? timestamp : this.#last + distance32(timestamp, this.#last);
		return this.#last;
	}
}

function read16(buffer: Uint8Array, offset: number): number {
	return (buffer[offset]! << 8) | buffer[offset + 1]!;
}

function read32(buffer: Uint8Array, offset: number): number {
	return (
		((buffer[offset]! << 24) | (buffer[offset + 1]! << 16) | (buffer[offset + 2]! << 8) | buffer[offset + 3]!) >>> 0
	);
}

function write32(buffer: Uint8Array, offset: number, value: number): void {
	buffer[offset] = value >>> 24;
	buffer[offset + 1] = value >>> 16;
	buffer[offset + 2] = value >>> 8;
	buffer[offset + 3] = value;
}
