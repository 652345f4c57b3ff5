import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { HttpRefusal } from "./refusal.ts";

/** A connection that asks to speak WebSocket. */
export interface Upgrade {
	readonly socket: Socket;
	/** What came behind the request. */
	readonly head: Buffer;
	/** Gives the connection away: nothing is answered by HTTP any more. */
	detach(): void;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** Browsers cannot send an Authorization header with a WebSocket: it comes as one of its subprotocols, in base64url. */
const AUTHORIZATION_PROTOCOL = /^authorization\.([A-Za-z0-9_-]{1,4096})$/;

function authorise({ headers }: IncomingMessage): void {
	if (headers.authorization !== undefined) return;
	for (const protocol of (headers["sec-websocket-protocol"] ?? "").split(",")) {
		const match = AUTHORIZATION_PROTOCOL.exec(protocol.trim());
		if (match) headers.authorization = Buffer.from(match[1]!, "base64url").toString("utf8");
	}
}

/** Any other upgrade that a client offers is not taken up: its request is answered as if it had not been offered. */
export function isWebSocket({ headers }: IncomingMessage): boolean {
	return headers.upgrade?.toLowerCase() === "websocket";
}

/** Brings requests for WebSocket to the routes, which answer them by HTTP or take the connection. */
export function routeUpgrades(server: Server | SecureServer, app: FastifyInstance): void {
	server.on("upgrade", (request, duplex, head) => {
		const socket = duplex as Socket;
		socket.on("error", () => socket.destroy());
		const response = new ServerResponse(request);
		response.shouldKeepAlive = false;
		response.assignSocket(socket);
		response.on("finish", () => socket.end());
		authorise(request);
		upgrades.set(request, { socket, head, detach: () => response.detachSocket(socket) });
		app.routing(request, response);
	});
}

/** The connection of a request for WebSocket. Throws an `HttpRefusal` for any other. */
export function upgradeOf({ raw }: FastifyRequest): Upgrade {
	const upgrade = upgrades.get(raw);
	if (upgrade) return upgrade;
	throw new HttpRefusal(426, "this is for WebSocket", { Upgrade: "websocket", Connection: "Upgrade" });
}
