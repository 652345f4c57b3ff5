import type { Socket } from "node:net";
import { frameDatagram } from "./framing.ts";
import type { Route } from "./ice.ts";

/** Control traffic that may wait in a connection whose other end does not read. */
const MAX_UNSENT_BYTES = 256 * 1024;

/** An IPv4 address that came in over an IPv6 socket is written as what it is. */
function plain(address: string | undefined): string {
	return (address ?? "").replace(/^::ffff:(?=\d+\.)/, "");
}

/** A viewer's or publisher's own TCP connection (RFC 6544). */
export class TcpRoute implements Route {
	readonly key: string;
	readonly address: string;
	readonly port: number;
	readonly local: { readonly address: string; readonly port: number };
	readonly socket: Socket;

	constructor(socket: Socket) {
		this.socket = socket;
		this.address = plain(socket.remoteAddress);
		this.local = { address: plain(socket.localAddress), port: socket.localPort ?? 0 };
		this.port = socket.remotePort ?? 0;
		this.key = `tcp ${socket.localAddress} ${this.address} ${this.port}`;
	}

	send(datagram: Uint8Array): void {
		if (this.socket.writable && this.socket.writableLength <= MAX_UNSENT_BYTES)
			this.socket.write(frameDatagram(datagram));
	}

	close(): void {
		this.socket.end();
	}
}
