import { networkInterfaces } from "node:os";

/** Linux's numbers of the address families. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Addresses that are remembered: control traffic goes to the same peers again and again. */
const REMEMBERED = 4096;
const remembered = new Map<string, Uint8Array>();

/**
 * `struct sockaddr_in` (16 bytes) or `sockaddr_in6` (28 bytes) of Linux. An IPv6 address may carry a zone
 * (`fe80::1%eth0`). The bytes are shared: never change them.
 * @throws RangeError where `address` is no IP address or `port` is none
 */
export function encodeSocketAddress(address: string, port: number): Uint8Array {
	const key = `${address} ${port}`;
	let bytes = remembered.get(key);
	if (!bytes) {
		if (!(port >= 0 && port <= 0xffff)) throw new RangeError(`no port: ${port}`);
		bytes = address.includes(":") ? encode6(address, port) : encode4(address, port);
		if (remembered.size >= REMEMBERED) remembered.clear();
		remembered.set(key, bytes);
	}
	return bytes;
}

function encode4(address: string, port: number): Uint8Array {
	const bytes = new Uint8Array(16);
	const parts = address.split(".").map(Number);
	if (parts.length !== 4 || !parts.every((part) => part >= 0 && part <= 255)) {
		throw new RangeError(`no IP address: ${address}`);
	}
	const view = new DataView(bytes.buffer);
	view.setUint16(0, AF_INET, true);
	view.setUint16(2, port);
	bytes.set(parts, 4);
	return bytes;
}

function encode6(text: string, port: number): Uint8Array {
	const bytes = new Uint8Array(28);
	const view = new DataView(bytes.buffer);
	const [address = "", zone = ""] = text.split("%");
	const groups = parseGroups(address);
	if (!groups) throw new RangeError(`no IP address: ${text}`);
	view.setUint16(0, AF_INET6, true);
	view.setUint16(2, port);
	for (let i = 0; i < 8; i++) view.setUint16(8 + 2 * i, groups[i]!);
	view.setUint32(24, zone === "" ? 0 : zoneIndex(zone), true);
	return bytes;
}

/** The eight groups of an IPv6 address (RFC 4291 section 2.2), also with an IPv4 address at its end. */
function parseGroups(address: string): number[] | undefined {
	const halves = address.split("::");
	if (halves.length > 2) return undefined;
	const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":").flatMap(group)));
	if (!head || [...head, ...(tail ?? [])].some((value) => !(value >= 0 && value <= 0xffff))) return undefined;
	if (!tail) return head.length === 8 ? head : undefined;
	const zeros = 8 - head.length - tail.length;
	return zeros < 0 ? undefined : [...head, ...new Array<number>(zeros).fill(0), ...tail];
}

function group(text: string): number[] {
	if (!text.includes(".")) return [/^[0-9a-fA-F]{1,4}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN];
	const [a = Number.NaN, b = Number.NaN, c = Number.NaN, d = Number.NaN] = text.split(".").map(Number);
	return [a * 256 + b, c * 256 + d];
}

function zoneIndex(zone: string): number {
	if (/^[0-9]+$/.test(zone)) return Number(zone);
	return networkInterfaces()[zone]?.find((one) => one.family === "IPv6" && one.scopeid !== 0)?.scopeid ?? 0;
}

/** The address and port in a `struct sockaddr` of `length` bytes at `at`. */
export function decodeSocketAddress(bytes: Uint8Array, at: number, length: number): { address: string; port: number } {
	const port = bytes[at + 2]! * 256 + bytes[at + 3]!;
	if (length === 16) return { address: bytes.subarray(at + 4, at + 8).join("."), port };
	const groups: string[] = [];
	for (let i = 0; i < 8; i++) groups.push((bytes[at + 8 + 2 * i]! * 256 + bytes[at + 9 + 2 * i]!).toString(16));
	const zone = new DataView(bytes.buffer, bytes.byteOffset + at + 24, 4).getUint32(0, true);
	return { address: groups.join(":") + (zone === 0 ? "" : `%${zone}`), port };
}
