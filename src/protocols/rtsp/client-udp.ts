import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Pair } from "./transport.ts";

const ATTEMPTS = 20;
/** Room for a large key frame that comes at once. */
const RECEIVE_BYTES = 1_048_576;

/** What comes to the two ports of a track; the bytes are the receiver's from then on. */
export interface DatagramSink {
	rtp(bytes: Buffer): void;
	rtcp(bytes: Buffer): void;
}

/** Two neighbouring UDP ports of a client, an even one for RTP and the next for RTCP (RFC 3550 section 11). */
export class UdpPair {
	readonly ports: Pair;
	readonly #sockets: readonly [Socket, Socket];
	readonly #host: string;
	#remote: Pair = [0, 0];

	private constructor(sockets: readonly [Socket, Socket], host: string, sink: DatagramSink) {
		this.#sockets = sockets;
		this.#host = host;
		this.ports = [sockets[0].address().port, sockets[1].address().port];
		for (const [lane, socket] of sockets.entries()) {
			socket.on("message", (bytes, { address }) => {
				// Others may send to the port too; only the server is listened to.
				if (address !== host) return;
				if (lane === 0) sink.rtp(bytes);
				else sink.rtcp(bytes);
			});
			// What a server that is gone answers (ECONNREFUSED) is noticed on its RTSP connection.
			socket.on("error", () => undefined);
		}
	}

	/** Opens a pair for talking to `host`, an IP address. Rejects where no pair is free. */
	static async open(host: string, sink: DatagramSink): Promise<UdpPair> {
		const type = isIPv6(host) ? "udp6" : "udp4";
		let failure: unknown;
		for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
			const first = await bound(type, 0);
			const { port } = first.address();
			try {
				const second = await bound(type, port % 2 === 0 ? port + 1 : port - 1);
				return new UdpPair(port % 2 === 0 ? [first, second] : [second, first], host, sink);
			} catch (error) {
				first.close();
				failure = error;
			}
		}
		throw new Error(`no two neighbouring UDP ports are free: ${failure}`);
	}

	/** Says to which ports of the server packets go from now on. */
	connect(remote: Pair): void {
		this.#remote = remote;
	}

	rtp(packet: Uint8Array): void {
		this.#sockets[0].send(packet, this.#remote[0], this.#host);
	}

	rtcp(packet: Uint8Array): void {
		this.#sockets[1].send(packet, this.#remote[1], this.#host);
	}

	close(): void {
		for (const socket of this.#sockets) socket.close();
	}
}

function bound(type: "udp4" | "udp6", port: number): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const socket = createSocket({ type, recvBufferSize: RECEIVE_BYTES });
		socket.once("error", reject);
		socket.bind(port, () => {
			socket.off("error", reject);
			resolve(socket);
		});
	});
}
