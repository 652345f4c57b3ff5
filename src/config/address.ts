import { isIP, isIPv6 } from "node:net";

/** Where to listen: a port on one address, or on all of them where `host` is empty. Port 0 is any free one. */
export interface Address {
	/** An IP address (no brackets) or a host name; empty for all addresses, IPv4 and IPv6. */
	readonly host: string;
	readonly port: number;
}

/** A range of IP addresses; a single address is a range with the longest prefix. */
export interface Cidr {
	readonly network: string;
	readonly prefix: number;
	readonly family: "ipv4" | "ipv6";
}

const MAX_LENGTH = 300;

function parsePort(text: string): number | undefined {
	if (!/^\d{1,5}$/.test(text)) return undefined;
	const port = Number(text);
	return port <= 65_535 ? port : undefined;
}

function isHost(text: string): boolean {
	return isIP(text) === 4 || (!/^[\d.]+$/.test(text) && /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text));
}

/** Parses `:8080`, `127.0.0.1:9997`, `host:80` and `[::1]:80`; undefined where it is none of them. */
export function parseAddress(text: string): Address | undefined {
	if (text.length > MAX_LENGTH) return undefined;
	const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(text);
	if (!match) return undefined;
	const [, bracketed, bare = "", digits] = match;
	const port = parsePort(digits!);
	if (port === undefined) return undefined;
	if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
	return bare === "" || isHost(bare) ? { host: bare, port } : undefined;
}

/** The address as `parseAddress` reads it. */
export function formatAddress({ host, port }: Address): string {
	return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Parses `10.0.0.0/8`, `192.0.2.1`, `2001:db8::/32`; undefined where it is none of them. */
export function parseCidr(text: string): Cidr | undefined {
	const slash = text.indexOf("/");
	const network = slash < 0 ? text : text.slice(0, slash);
	const version = isIP(network);
	if (version === 0 || network.includes("%")) return undefined;
	const longest = version === 4 ? 32 : 128;
	const digits = slash < 0 ? String(longest) : text.slice(slash + 1);
	if (!/^\d{1,3}$/.test(digits) || Number(digits) > longest) return undefined;
	return { network, prefix: Number(digits), family: version === 4 ? "ipv4" : "ipv6" };
}
