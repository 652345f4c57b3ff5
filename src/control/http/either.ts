import type { Server } from "node:http";
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";

/** The first byte of a TLS handshake (RFC 8446 section 5.1); no request of HTTP begins so. */
const HANDSHAKE = 0x16;

type Take = (socket: Socket) => void;

/**
 * Serves TLS at the same ports: a client that begins with its handshake gets it, and is a client like any other then.
 *
 * @param context for new connections.
 * @param greetMs who has not begun to speak, or not finished the handshake, by then is left.
 */
export function alsoSecure(server: Server, context: () => SecureContext, greetMs: number): void {
	const listeners = server.listeners("connection") as Take[];
	const serve: Take = (socket) => {
		for (const listener of listeners) listener.call(server, socket);
	};
	server.removeAllListeners("connection");
	server.on("connection", (socket: Socket) => {
		const timer = setTimeout(() => socket.destroy(), greetMs);
		const hangUp = (): void => void socket.destroy();
		socket.once("close", () => clearTimeout(timer));
		socket.once("error", hangUp);
		socket.once("data", (first: Buffer) => {
			socket.pause();
			socket.unshift(first);
			if (first[0] === HANDSHAKE) greet(socket, context(), timer, serve);
			else {
				clearTimeout(timer);
				socket.removeListener("error", hangUp);
				serve(socket);
				process.nextTick(() => socket.resume());
			}
		});
	});
}

function greet(plain: Socket, secureContext: SecureContext, timer: NodeJS.Timeout, serve: Take): void {
	const socket = new TLSSocket(plain, { isServer: true, secureContext });
	const hangUp = (): void => void socket.destroy();
	socket.once("error", hangUp);
	socket.once("secure", () => {
		clearTimeout(timer);
		socket.removeListener("error", hangUp);
		serve(socket);
	});
}
