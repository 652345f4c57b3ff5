import type { Socket } from "node:net";
import { type Address, formatAddress } from "../../config/address.ts";
import { type Listener, listenTcp } from "../../net/tcp.ts";
import { openUdp, type UdpPort, type UdpSocket } from "../../net/udp.ts";
import { Deframer } from "./framing.ts";
import type { Route } from "./ice.ts";
import { TcpRoute } from "./tcp-route.ts";

/** Largest datagram that is taken: a jumbo frame. */
const MAX_DATAGRAM_BYTES = 9_000;
/** A TCP connection that belongs to no session by then is closed. */
const UNBOUND_MS = 10_000;
/** TCP connections that belong to no session yet. */
const MAX_UNBOUND = 512;
/** Tries to find one port number that is free for UDP and TCP. */
const PORT_TRIES = 16;

/** One viewer's or publisher's address, by one of our UDP sockets. */
export class UdpRoute implements Route {
	readonly key: string;
	readonly address: string;
	readonly port: number;
	/** The socket that its datagrams arrive at, and that answers leave by. */
	readonly socket: UdpSocket;

	constructor(key: string, socket: UdpSocket, address: string, port: number) {
		this.key = key;
		this.socket = socket;
		this.address = address;
		this.port = port;
	}

	get local(): UdpSocket {
		return this.socket;
	}

	send(datagram: Uint8Array): void {
		this.socket.send(datagram, this.address, this.port);
	}
}

/** What happens to datagrams that arrive. */
export interface PortEvents {
	/** `key` is that of the route that `makeRoute` makes. The bytes stay as they are. */
	onDatagram(datagram: Buffer, key: string, makeRoute: () => Route): void;
	/** Whether a session holds the route: then its connection may stay. */
	holds(route: Route): boolean;
	onClosed(route: Route): void;
}

/** The one UDP port of all sessions and the TCP port of the same number, on each configured address. */
export class Ports {
	readonly #events: PortEvents;
	readonly #udp: UdpPort[] = [];
	readonly #tcp: Listener[] = [];
	readonly #connections = new Set<Socket>();
	#unbound = 0;
	/** TCP connections turned away because too many belonged to no session. */
	turnedAway = 0;

	private constructor(events: PortEvents) {
		this.#events = events;
	}

	/** Opens the ports. Rejects with Node's error codes where one is taken. */
	static async open(addresses: readonly Address[], tcp: boolean, events: PortEvents): Promise<Ports> {
		const ports = new Ports(events);
		try {
			for (const address of addresses) await ports.#openBoth(address, tcp);
		} catch (error) {
			await ports.close();
			throw error;
		}
		return ports;
	}

	/** UDP port numbers, in the order of the addresses. */
	get udp(): readonly number[] {
		return this.#udp.map((port) => port.port);
	}

	/** TCP port numbers; empty without TCP. */
	get tcp(): readonly number[] {
		return this.#tcp.map((listener) => listener.port);
	}

	/** All UDP sockets, of all addresses. */
	get sockets(): readonly UdpSocket[] {
		return this.#udp.flatMap((port) => port.sockets);
	}

	async #openBoth(address: Address, tcp: boolean): Promise<void> {
		for (let attempt = 1; ; attempt++) {
			const udp = await openUdp(formatAddress(address), (bytes, from, port, socket) => {
				this.#datagram(bytes, from, port, socket);
			});
			try {
				if (tcp) this.#tcp.push(await listenTcp(address.host, udp.port, (socket) => this.#accept(socket)));
				this.#udp.push(udp);
				return;
			} catch (error) {
				await udp.close();
				if (address.port !== 0 || attempt >= PORT_TRIES) throw error;
			}
		}
	}

	#datagram(bytes: Buffer, address: string, port: number, socket: UdpSocket): void {
		if (bytes.length === 0 || bytes.length > MAX_DATAGRAM_BYTES) return;
		const key = `udp ${socket.address} ${socket.port} ${address} ${port}`;
		this.#events.onDatagram(bytes, key, () => new UdpRoute(key, socket, address, port));
	}

	#accept(socket: Socket): void {
		if (this.#unbound >= MAX_UNBOUND) {
			this.turnedAway++;
			socket.destroy();
			return;
		}
		const route = new TcpRoute(socket);
		const deframer = new Deframer(MAX_DATAGRAM_BYTES);
		this.#connections.add(socket);
		let unbound = true;
		this.#unbound++;
		const bind = () => {
			if (unbound) this.#unbound--;
			unbound = false;
			clearTimeout(timer);
		};
		const timer = setTimeout(() => socket.destroy(), UNBOUND_MS).unref();
		socket.on("data", (chunk) => {
			const good = deframer.push(chunk, (datagram) => this.#events.onDatagram(datagram, route.key, () => route));
			if (this.#events.holds(route)) bind();
			// The first thing on a connection must be a check that proves the password (RFC 6544 section 7.2).
			else if (unbound && deframer.taken > 0) socket.destroy();
			if (!good) socket.destroy();
		});
		socket.on("error", () => socket.destroy());
		socket.on("close", () => {
			bind();
			this.#connections.delete(socket);
			this.#events.onClosed(route);
		});
	}

	/** Closes everything. */
	async close(): Promise<void> {
		for (const socket of this.#connections) socket.destroy();
		await Promise.all([...this.#udp, ...this.#tcp].map((one) => one.close()));
	}
}
