import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** RFC 8445 section 5.1.2.1: host candidates over UDP, and (RFC 6544 section 4.2) over TCP, which are the last resort. */
const UDP_TYPE = 126;
const TCP_TYPE = 90;
/** Passive TCP: direction preference 4 in the upper three bits of the local preference. */
const TCP_PASSIVE = 4 * 2 ** 13;
const RESOLVE_EVERY_MS = 60_000;

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

/** The addresses behind names, looked up at the start and once a minute. */
export class PublicHosts {
	readonly #names: readonly string[];
	readonly #onFailure: (name: string, error: unknown) => void;
	readonly #known = new Map<string, readonly string[]>();
	#timer: NodeJS.Timeout | undefined;

	private constructor(names: readonly string[], onFailure: (name: string, error: unknown) => void) {
		this.#names = names;
		this.#onFailure = onFailure;
	}

	/** Resolves once every name was looked up; one that has no address now may have one later. */
	static async resolve(
		names: readonly string[],
		onFailure: (name: string, error: unknown) => void,
	): Promise<PublicHosts> {
		const hosts = new PublicHosts(names, onFailure);
		await hosts.#refresh();
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
			const found = await lookup(name, { all: true });
			this.#known.set(
				name,
				found.map((one) => one.address),
			);
		} catch (error) {
			this.#onFailure(name, error);
		}
	}
}
