import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { sleep } from "../../net/backoff.ts";

/** RFC 8445 section 5.1.2.1: host candidates over UDP, and (RFC 6544 section 4.2) over TCP, which are the last resort. */
const UDP_TYPE = 126;
const TCP_TYPE = 90;
/** Passive TCP: direction preference 4 in the upper three bits of the local preference. */
const TCP_PASSIVE = 4 * 2 ** 13;
const RESOLVE_EVERY_MS = 60_000;
/** The relay's start waits so long for names; a name server that is away would hold it for many seconds. */
const START_MS = 500;

function isLoopback(address: string): boolean {
	return address === "::1" || address.startsWith("127.");
}

/** An address that only this link knows cannot be written into a candidate: it needs a zone. */
function isLinkLocal(address: string): boolean {
	return /^fe[89ab]/i.test(address);
}

/**
 * The values of `a=candidate` (RFC 8839 section 5.1), best first: public hosts, then the machine's own addresses.
 * Loopback is told only to who is on this machine, and where there is nothing else.
 */
export function candidateLines(
	addresses: { readonly publicHosts: readonly string[]; readonly local: readonly string[] },
	ports: { readonly udp: number; readonly tcp: number | undefined },
	onThisMachine: boolean,
): string[] {
	const local = addresses.local.filter((address) => !isLinkLocal(address));
	const outside = local.filter((address) => !isLoopback(address));
	const chosen = onThisMachine || outside.length === 0 ? local : outside;
	const all = [...new Set([...addresses.publicHosts, ...chosen])];
	const udp = all.map((address, index) => {
		const priority = UDP_TYPE * 2 ** 24 + (65_535 - index) * 2 ** 8 + 255;
		return `${index + 1} 1 udp ${priority} ${address} ${ports.udp} typ host`;
	});
	if (ports.tcp === undefined) return udp;
	const tcp = all.map((address, index) => {
		const priority = TCP_TYPE * 2 ** 24 + (TCP_PASSIVE + 8_191 - index) * 2 ** 8 + 255;
		return `${all.length + index + 1} 1 tcp ${priority} ${address} ${ports.tcp} typ host tcptype passive`;
	});
	return [...udp, ...tcp];
}

/** Whether an HTTP client sits on this machine. */
export function isLocalClient(address: string): boolean {
	return isLoopback(address.replace(/^::ffff:/, ""));
}

/** Finds the addresses of a name; rejects where it has none. */
type Lookup = (name: string) => Promise<readonly { readonly address: string }[]>;

/** The addresses behind names, looked up at the start and once a minute. */
export class PublicHosts {
	readonly #names: readonly string[];
	readonly #onFailure: (name: string, reason: string) => void;
	readonly #lookup: Lookup;
	readonly #known = new Map<string, readonly string[]>();
	/** Names that were told to have no address. */
	readonly #told = new Set<string>();
	#timer: NodeJS.Timeout | undefined;

	private constructor(names: readonly string[], onFailure: (name: string, reason: string) => void, lookup: Lookup) {
		this.#names = names;
		this.#onFailure = onFailure;
		this.#lookup = lookup;
	}

	/**
	 * Resolves once every name was looked up, or half a second later at most: what is found after that counts from then
	 * on. `onFailure` is told of a name once, until it has an address again.
	 */
	static async resolve(
		names: readonly string[],
		onFailure: (name: string, reason: string) => void,
		find: Lookup = (name) => lookup(name, { all: true }),
	): Promise<PublicHosts> {
		const hosts = new PublicHosts(names, onFailure, find);
		const looked = new AbortController();
		await Promise.race([hosts.#refresh(), sleep(START_MS, looked.signal)]);
		looked.abort();
		if (names.some((name) => isIP(name) === 0)) {
			hosts.#timer = setInterval(() => void hosts.#refresh(), RESOLVE_EVERY_MS).unref();
		}
		return hosts;
	}

	get addresses(): readonly string[] {
		return this.#names.flatMap((name) => this.#known.get(name) ?? []);
	}

	close(): void {
		clearInterval(this.#timer);
	}

	async #refresh(): Promise<void> {
		await Promise.all(this.#names.map((name) => this.#look(name)));
	}

	async #look(name: string): Promise<void> {
		if (isIP(name) !== 0) {
			this.#known.set(name, [name]);
			return;
		}
		try {
			const found = await this.#lookup(name);
			this.#known.set(
				name,
				found.map((one) => one.address),
			);
			this.#told.delete(name);
		} catch (error) {
			if (this.#told.has(name)) return;
			this.#told.add(name);
			this.#onFailure(name, error instanceof Error ? error.message : String(error));
		}
	}
}
