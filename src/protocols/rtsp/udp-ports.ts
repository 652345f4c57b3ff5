import { plainAddress } from "../../access/addresses.ts";
import { type Address, formatAddress } from "../../config/address.ts";
import { openUdp, type UdpPort, type UdpSocket } from "../../net/udp.ts";
import type { Pair } from "./transport.ts";
import { type Lane, UdpRoutes } from "./udp-routes.ts";

/** Tries to find two neighbouring ports where any will do. */
const ATTEMPTS = 20;

/** The two sockets of one local address: for RTP and for RTCP. */
export type SocketPair = readonly [rtp: UdpSocket, rtcp: UdpSocket];

/** The server's two UDP ports: RTP and RTCP of all clients come and go here. */
export class UdpPorts {
	readonly routes = new UdpRoutes();
	readonly #ports: readonly [UdpPort, UdpPort];

	private constructor(ports: readonly [UdpPort, UdpPort], routes: UdpRoutes) {
		this.#ports = ports;
		this.routes = routes;
	}

	/** Opens both ports; where RTP's is 0, any two neighbours. Rejects where one is taken. */
	static async open(rtp: Address, rtcp: Address): Promise<UdpPorts> {
		const routes = new UdpRoutes();
		for (let attempt = 1; ; attempt++) {
			const first = await openLane(0, rtp, routes);
			try {
				// Clients take the port after RTP's for RTCP, whatever they are told (RFC 3550 section 11).
				const port = rtcp.port === 0 ? first.port + 1 : rtcp.port;
				return new UdpPorts([first, await openLane(1, { ...rtcp, port }, routes)], routes);
			} catch (error) {
				await first.close();
				if (rtp.port !== 0 || attempt === ATTEMPTS) throw error;
			}
		}
	}

	get ports(): Pair {
		return [this.#ports[0].port, this.#ports[1].port];
	}

	/** The sockets from which a client that came to `localAddress` is served; undefined where it is not served by UDP. */
	at(localAddress: string): SocketPair | undefined {
		const rtp = this.#ports[0].from(localAddress);
		const rtcp = this.#ports[1].from(localAddress);
		return rtp && rtcp && [rtp, rtcp];
	}

	async close(): Promise<void> {
		await Promise.all(this.#ports.map((port) => port.close()));
	}
}

function openLane(lane: Lane, address: Address, routes: UdpRoutes): Promise<UdpPort> {
	return openUdp(formatAddress(address), (bytes, from, port) => routes.datagram(lane, plainAddress(from), port, bytes));
}
