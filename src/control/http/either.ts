import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { Greetings, type Take } from "../../net/greetings.ts";

/**
 * Serves TLS at the same ports: a client that begins with its handshake gets it, and is a client like any other then.
 *
 * @param context for new connections.
 * @param greetMs who has not begun to speak, or not finished the handshake, by then is left.
 * @returns what ends the connections of those, of which the server does not know yet.
 */
export function alsoSecure(server: Server, context: () => SecureContext, greetMs: number): () => void {
	const greetings = new Greetings(greetMs);
	const listeners = server.listeners("connection") as Take[];
	const serve: Take = (socket) => {
		for (const listener of listeners) listener.call(server, socket);
	};
	const open: Take = (socket) => {
		serve(socket);
		process.nextTick(() => socket.resume());
	};
	server.removeAllListeners("connection");
	server.on("connection", (socket: Socket) => greetings.either(socket, context, open, serve));
	return () => greetings.close();
}
