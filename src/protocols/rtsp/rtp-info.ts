/** The RTP-Info header, RFC 2326 section 12.33. Pure. */

/** Where a track begins: what is known of it. */
export interface FirstPacket {
	/** Sequence number of its first packet. */
	readonly sequence?: number;
	/** Its timestamp at the instant that all tracks of the header have in common. */
	readonly timestamp?: number;
}

/** What a server says of the tracks with these URLs, by their place; nothing of those it does not name. */
export function parseRtpInfo(value: string, urls: readonly string[]): readonly FirstPacket[] {
	const entries = value.split(/,\s*(?=url=)/i).filter((entry) => /^\s*url=/i.test(entry));
	return urls.map((url, place) => {
		const named = entries.find((entry) => /^\s*url="?([^;"]*)/i.exec(entry)?.[1]?.trim() === url);
		// Cameras shorten URLs, or name themselves by another address: with as many entries as tracks their order counts.
		const byOrder = entries.length === urls.length ? entries[place] : undefined;
		return parseEntry(named ?? byOrder ?? "");
	});
}

function parseEntry(text: string): FirstPacket {
	const sequence = numberIn(text, /;\s*seq=(\d{1,5})\s*(?:;|$)/i, 0xffff);
	const timestamp = numberIn(text, /;\s*rtptime=(\d{1,10})\s*(?:;|$)/i, 0xffff_ffff);
	return { ...(sequence !== undefined && { sequence }), ...(timestamp !== undefined && { timestamp }) };
}

function numberIn(text: string, pattern: RegExp, most: number): number | undefined {
	const digits = pattern.exec(text)?.[1];
	return digits === undefined || Number(digits) > most ? undefined : Number(digits);
}
