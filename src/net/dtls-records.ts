const HEADER_BYTES = 13;

/** Bytes of the record at `at`, its header included; the rest of the bytes where its header does not say. */
function recordBytes(flight: Uint8Array, at: number): number {
	const first = flight[at]!;
	const rest = flight.length - at;
	// DTLS 1.3 has a short header, RFC 9147 section 4: 001CSLEE (connection ID, sequence number of 16 bits, length).
	if (first >> 5 === 1) {
		const header = 1 + (first & 8 ? 2 : 1);
		if (!(first & 4) || first & 0x10 || rest < header + 2) return rest;
		return header + 2 + ((flight[at + header]! << 8) | flight[at + header + 1]!);
	}
	if (rest < HEADER_BYTES) return rest;
	return HEADER_BYTES + ((flight[at + 11]! << 8) | flight[at + 12]!);
}

/**
 * Splits a flight of DTLS records (RFC 6347 section 4.1), which a memory BIO glues together, into datagrams of whole
 * records and at most `limit` bytes; a record larger than that goes alone. The views are good until `send` returns.
 */
export function splitRecords(flight: Uint8Array, limit: number, send: (datagram: Uint8Array) => void): void {
	let start = 0;
	let at = 0;
	while (at < flight.length) {
		const end = Math.min(flight.length, at + recordBytes(flight, at));
		if (end - start > limit && at > start) {
			send(flight.subarray(start, at));
			start = at;
		}
		at = end;
	}
	if (at > start) send(flight.subarray(start, at));
}
