import { BlockList, isIP } from "node:net";

/** A range of IP addresses. */
export interface AddressRange {
	readonly network: string;
	readonly prefix: number;
	readonly family: "ipv4" | "ipv6";
}

/** An IPv4 address that came in on an IPv6 socket (`::ffff:192.0.2.1`) as what it is, and no zone. */
export function plainAddress(ip: string): string {
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
	if (mapped) return mapped[1]!;
	const zone = ip.indexOf("%");
	return zone < 0 ? ip : ip.slice(0, zone);
}

/** A test whether an address lies in one of the ranges. With no ranges nothing does. */
export function addressTest(ranges: readonly AddressRange[]): (ip: string) => boolean {
	const list = new BlockList();
	for (const { network, prefix, family } of ranges) list.addSubnet(network, prefix, family);
	return (ip) => {
		const plain = plainAddress(ip);
		const version = isIP(plain);
		return version !== 0 && list.check(plain, version === 4 ? "ipv4" : "ipv6");
	};
}

/** What one household or machine has: an IPv4 address, or the /64 of an IPv6 address. */
export function household(ip: string): string {
	const plain = plainAddress(ip);
	if (isIP(plain) !== 6) return plain;
	const [head = "", tail] = plain.toLowerCase().split("::");
	const groups = head === "" ? [] : head.split(":");
	if (tail !== undefined) {
		const rest = tail === "" ? [] : tail.split(":");
		while (groups.length + rest.length < 8) groups.push("0");
		groups.push(...rest);
	}
	return groups
		.slice(0, 4)
		.map((group) => group.replace(/^0+(?=.)/, ""))
		.join(":");
}
