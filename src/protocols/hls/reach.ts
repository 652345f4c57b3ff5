/*
 * Where a list of segments may send the relay. What somebody else writes into it must not make the relay ask the services
 * of its own machine, of its cloud or of networks that only it is in.
 */
import { type LookupOptions, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Networks that are not everybody's, by name; the first that holds an address counts. `public` is the rest. */
const networks = {
	"a cloud's own": ["169.254.169.254/32", "100.100.100.200/32", "fd00:ec2::254/128"],
	"this machine": ["127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"],
	"link-local": ["169.254.0.0/16", "fe80::/10"],
	"private (10.0.0.0/8)": ["10.0.0.0/8"],
	"private (172.16.0.0/12)": ["172.16.0.0/12"],
	"private (192.168.0.0/16)": ["192.168.0.0/16"],
	"private (100.64.0.0/10)": ["100.64.0.0/10"],
	"private (fc00::/7)": ["fc00::/7"],
	reserved: ["192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/3", "ff00::/8"],
} as const;

type Network = keyof typeof networks | "public";

const lists = Object.entries(networks).map(([name, ranges]) => {
	const list = new BlockList();
	for (const range of ranges) {
		const [network = "", prefix] = range.split("/");
		list.addSubnet(network, Number(prefix), familyOf(network));
	}
	return { name: name as Network, list };
});

function familyOf(address: string): "ipv4" | "ipv6" {
	return isIP(address) === 4 ? "ipv4" : "ipv6";
}

/** The network that an IP address is in. */
export function networkOf(address: string): Network {
	return lists.find(({ list }) => list.check(address, familyOf(address)))?.name ?? "public";
}

/** Lets connections go to everybody's network and to the one that the source itself is in. */
export class Reach {
	/** Where the source was found; anywhere, because the configuration names it. */
	#home: Network | undefined;

	/** The source was found at this address: from now on others must be near it or public. */
	settle(address: string): void {
		this.#home ??= networkOf(address);
	}

	/** Throws where an address of HTTP may not be asked for; names are looked at in `lookup`. */
	check({ protocol, hostname, origin }: URL): void {
		if (protocol !== "http:" && protocol !== "https:") {
			throw new Error(`the source leads to ${protocol} addresses; only http: and https: are followed`);
		}
		const address = hostname.replace(/^\[(.*)\]$/, "$1");
		if (isIP(address) > 0 && !this.#isOpen(address)) throw new Error(refusal(origin, networkOf(address)));
	}

	/** Instead of the system's: gives those addresses of a name that may be connected to. */
	readonly lookup: LookupFunction = (hostname, options, done) => {
		const all: LookupOptions & { all: true } = { ...options, all: true };
		lookup(hostname, all, (error, found) => {
			if (error) return done(error, "");
			const open = found.filter(({ address }) => this.#isOpen(address));
			const [first] = open;
			if (!first) return done(new Error(refusal(hostname, networkOf(found[0]?.address ?? ""))), "");
			if (options.all) done(null, open);
			else done(null, first.address, first.family);
		});
	};

	#isOpen(address: string): boolean {
		const network = networkOf(address);
		return this.#home === undefined || network === "public" || network === this.#home;
	}
}

function refusal(host: string, network: Network): string {
	return `the source leads to ${host}, in a network that it is not in itself: ${network}`;
}
