/** Internet addresses as bytes, for what is written on the wire. */

function parseIpv4(text: string): number[] | undefined {
	const parts = text.split(".");
	if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
	return parts.map(Number);
}

function parseGroups(text: string): number[] | undefined {
	if (text === "") return [];
	const bytes: number[] = [];
	const groups = text.split(":");
	for (const [index, group] of groups.entries()) {
		if (group.includes(".") && index === groups.length - 1) {
			const tail = parseIpv4(group);
			if (!tail) return undefined;
			bytes.push(...tail);
		} else if (/^[0-9a-f]{1,4}$/i.test(group)) {
			const value = Number.parseInt(group, 16);
			bytes.push(value >> 8, value & 255);
		} else return undefined;
	}
	return bytes;
}

/**
 * The 4 or 16 bytes of an address (RFC 4291 section 2.2); a zone (`%eth0`) is left out, and an IPv4 address mapped into
 * IPv6 gives its 4 bytes. Undefined where the text is no address.
 */
export function addressBytes(text: string): Uint8Array | undefined {
	const ipv4 = parseIpv4(text);
	if (ipv4) return Uint8Array.from(ipv4);
	const [head, tail, ...rest] = (text.split("%")[0] ?? "").split("::");
	const front = parseGroups(head ?? "");
	const back = tail === undefined ? [] : parseGroups(tail);
	if (!front || !back || rest.length > 0) return undefined;
	const gap = 16 - front.length - back.length;
	if (tail === undefined ? gap !== 0 : gap < 2) return undefined;
	const bytes = Uint8Array.from([...front, ...new Array<number>(gap).fill(0), ...back]);
	const mapped = bytes[10] === 255 && bytes[11] === 255 && bytes.subarray(0, 10).every((byte) => byte === 0);
	return mapped ? bytes.slice(12) : bytes;
}

/** The text of 4 or 16 bytes, without the short forms of IPv6. */
export function addressText(bytes: Uint8Array): string {
	if (bytes.length === 4) return bytes.join(".");
	const groups = Array.from({ length: 8 }, (_, index) =>
		((bytes[index * 2]! << 8) | bytes[index * 2 + 1]!).toString(16),
	);
	return groups.join(":");
}
