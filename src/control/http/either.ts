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
 * @returns what ends the connections of those, of which the server does not know yet.
 */
export function alsoSecure(server: Server, context: () => SecureContext, greetMs: number): () => void {
	const greeting = new Set<Socket>();
	const listeners = server.listeners("connection") as Take[];
	const serve: Take = (socket) => {
		for (const listener of listeners) listener.call(server, socket);
	};
	server.removeAllListeners("connection");
	server.on("connection", (socket: Socket) => {
		const hangUp = (): void => void socket.destroy();
		const timer = setTimeout(hangUp, greetMs);
		const greeted = (): void => {
			clearTimeout(timer);
			greeting.delete(socket);
		};
		greeting.add(socket);
		socket.once("close", greeted);
		socket.once("error", hangUp);
		socket.once("data", (first: Buffer) => {
			socket.pause();
			socket.unshift(first);
			if (first[0] === HANDSHAKE) greet(socket, context(), greeted, serve);
			else {
				greeted();
				socket.removeListener("error", hangUp);
				serve(socket);
				process.nextTick(() => socket.resume());
			}
		});
	});
	return () => {
		for (const socket of greeting) socket.destroy();
	};
}

function greet(plain: Socket, secureContext: SecureContext, greeted: () => void, serve: Take): void {
	const socket = new TLSSocket(plain, { isServer: true, secureContext });
	const hangUp = (): void => void socket.destroy();
	socket.once("error", hangUp);
	socket.once("secure", () => {
		greeted();
		socket.removeListener("error", hangUp);
		serve(socket);
	});
}
