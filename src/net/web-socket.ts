import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";

export type { WebSocket };

/** A client that asks for WebSocket on the web server's port. */
export interface WebSocketUpgrade {
	readonly request: IncomingMessage;
	readonly socket: Socket;
	/** What came behind the request. */
	readonly head: Buffer;
}

/** What takes connections of the web server over, once it is known that they may come. */
export class WebSocketDoor {
	readonly #server: WebSocketServer;

	/**
	 * A longer message ends the connection. With a `protocol` no other is agreed on (RFC 6455 section 4.2.2), without one the
	 * client's first.
	 */
	constructor(maxMessageBytes: number, protocol?: string) {
		this.#server = new WebSocketServer({
			noServer: true,
			clientTracking: false,
			perMessageDeflate: false,
			maxPayload: maxMessageBytes,
			...(protocol !== undefined && { handleProtocols: (offered) => offered.has(protocol) && protocol }),
		});
	}

	/** Calls `onOpen` when the connection stands; never, where the request is none of WebSocket, which is answered here. */
	open({ request, socket, head }: WebSocketUpgrade, onOpen: (opened: WebSocket) => void): void {
		this.#server.handleUpgrade(request, socket, head, onOpen);
	}
}

/** A connection as the stream of bytes in its messages. */
export function streamOf(socket: WebSocket): Duplex {
	return createWebSocketStream(socket);
}
