import type { Pair } from "./transport.ts";

/** RTP or RTCP. */
export type Lane = 0 | 1;

/** Who gets the packets of one track from one client. */
export interface RouteSink {
	/** A packet came. The bytes are the sink's from now on. */
	datagram(lane: Lane, bytes: Uint8Array): void;
	/** The client's packets come from another port than it said: there is a NAT between. */
	moved(lane: Lane, port: number): void;
	/** Whether an RTP packet from a port that nobody knows could belong to this track. */
	fits(bytes: Uint8Array): boolean;
}

/** One track of one client over UDP. */
export interface Route {
	readonly address: string;
	/** The client's present ports. */
	readonly ports: Pair;
	/** May be called more than once. */
	release(): void;
}

class Entry implements Route {
	readonly address: string;
	readonly sink: RouteSink;
	ports: [number, number];
	/** Whether a packet came from the port, by lane: then it is no longer looked for. */
	readonly seen = [false, false];
	readonly release: () => void;

	constructor(address: string, ports: Pair, sink: RouteSink, release: (entry: Entry) => void) {
		this.address = address;
		this.ports = [...ports];
		this.sink = sink;
		this.release = () => release(this);
	}
}

/**
 * Tells the packets on the two server ports apart by where they come from. Only the address of a client's control
 * connection counts; of its ports the first packet tells, where a NAT changed them. What fits no track, or two, is
 * dropped and counted.
 */
export class UdpRoutes {
	/** By lane and port; clients at different addresses may have the same port. */
	readonly #byPort = [new Map<number, Entry[]>(), new Map<number, Entry[]>()] as const;
	readonly #byAddress = new Map<string, Set<Entry>>();
	/** Packets that fit no track, or two. */
	strays = 0;

	/** Opens the way for one track. Undefined where that client has the ports in use already. */
	add(address: string, ports: Pair, sink: RouteSink): Route | undefined {
		if (([0, 1] as const).some((lane) => this.#find(lane, address, ports[lane]))) return undefined;
		const entry = new Entry(address, ports, sink, (one) => this.#remove(one));
		for (const lane of [0, 1] as const) this.#link(lane, entry);
		const known = this.#byAddress.get(address);
		if (known) known.add(entry);
		else this.#byAddress.set(address, new Set([entry]));
		return entry;
	}

	/** Hands on a packet that came to the server port of `lane`. */
	datagram(lane: Lane, address: string, port: number, bytes: Uint8Array): void {
		const entry = this.#find(lane, address, port) ?? this.#latch(lane, address, port, bytes);
		if (!entry) {
			this.strays++;
			return;
		}
		entry.seen[lane] = true;
		entry.sink.datagram(lane, bytes);
	}

	#find(lane: Lane, address: string, port: number): Entry | undefined {
		const entries = this.#byPort[lane].get(port);
		if (!entries) return undefined;
		for (const entry of entries) if (entry.address === address) return entry;
		return undefined;
	}

	#latch(lane: Lane, address: string, port: number, bytes: Uint8Array): Entry | undefined {
		const waiting = [...(this.#byAddress.get(address) ?? [])].filter((entry) => !entry.seen[lane]);
		const fitting = lane === 0 && waiting.length > 1 ? waiting.filter((entry) => entry.sink.fits(bytes)) : waiting;
		const [entry] = fitting;
		if (!entry || fitting.length > 1) return undefined;
		this.#unlink(lane, entry);
		entry.ports[lane] = port;
		this.#link(lane, entry);
		entry.sink.moved(lane, port);
		return entry;
	}

	#link(lane: Lane, entry: Entry): void {
		const port = entry.ports[lane];
		const entries = this.#byPort[lane].get(port);
		if (entries) entries.push(entry);
		else this.#byPort[lane].set(port, [entry]);
	}

	#unlink(lane: Lane, entry: Entry): void {
		const port = entry.ports[lane];
		const rest = this.#byPort[lane].get(port)?.filter((one) => one !== entry) ?? [];
		if (rest.length > 0) this.#byPort[lane].set(port, rest);
		else this.#byPort[lane].delete(port);
	}

	#remove(entry: Entry): void {
		const known = this.#byAddress.get(entry.address);
		if (!known?.delete(entry)) return;
		if (known.size === 0) this.#byAddress.delete(entry.address);
		for (const lane of [0, 1] as const) this.#unlink(lane, entry);
	}
}
