import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Credentials, readAuthorization } from "../../access/credentials.ts";
import { type WebSocket, WebSocketDoor } from "../../net/web-socket.ts";
import { Connection, type Switchboard } from "../signaling/connection.ts";
import { cameraOf, type NamedCamera } from "./camera-ids.ts";
import { clientOf } from "./client.ts";
import { credentialsOf, ipOf } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { signalingOperation } from "./openapi/sockets.ts";
import { checkOrigin } from "./origin.ts";
import { refusalOf } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";
import { upgradeOf } from "./upgrade.ts";

const MAX_MESSAGE_BYTES = 256 * 1024;
const PING_MS = 20_000;

/** The camera of a client that names none: by the address's `?camera=`, the configuration, or because there is only one. */
function cameraWithoutName(room: HttpRoom, asked: string): NamedCamera {
	const { signaling, streams } = room.config;
	const known = [
		...Object.values(streams).map(({ path }) => path),
		...room.hub.demand.list().map(({ path }) => path),
		...[...room.hub.paths].filter(({ publication }) => publication).map(({ name }) => name),
	];
	const paths = new Set(known);
	const id = asked || signaling.camera || (paths.size === 1 ? [...paths][0]! : "");
	if (id !== "") return cameraOf(streams, id);
	throw new Error(`which of ${paths.size} cameras? Name it: ?camera=ID`);
}

function boardOf(room: HttpRoom, request: FastifyRequest, shown: Credentials): Switchboard {
	const { camera: asked = "" } = request.query as { camera?: string };
	return {
		async call({ direction, camera, sdp }, { token, gone, onEnd }) {
			const { webrtc } = room;
			if (!webrtc) throw new Error("this relay runs without WebRTC");
			const { path } = camera === "" ? cameraWithoutName(room, asked) : cameraOf(room.config.streams, camera);
			const credentials = token === undefined ? shown : readAuthorization(`Bearer ${token}`, "GET", request.url);
			const outcome = await room.access.check(credentials, direction, path, ipOf(request));
			if (!outcome.ok) throw refusalOf(outcome, request, { action: direction, path });
			const { principal } = outcome;
			const answer = await webrtc.offer({ direction, path, sdp, principal, ...clientOf(request), gone, onEnd });
			return { session: answer.id, sdp: answer.sdp, end: () => webrtc.end({ direction, path, id: answer.id }) };
		},
	};
}

/** Asks all clients for a sign of life; who gave none since the last time is gone. */
function keepAlive(alive: Map<WebSocket, boolean>): NodeJS.Timeout {
	return setInterval(() => {
		for (const [socket, answered] of alive) {
			if (!answered) socket.terminate();
			alive.set(socket, false);
			socket.ping();
		}
	}, PING_MS).unref();
}

/** WebRTC's signaling over WebSocket at these addresses; `*` is all of them. */
export function signalingRoutes(app: FastifyInstance, room: HttpRoom, routes: readonly string[]): void {
	const door = new WebSocketDoor(MAX_MESSAGE_BYTES);
	const alive = new Map<WebSocket, boolean>();
	const timer = keepAlive(alive);
	app.addHook("preClose", async () => {
		clearInterval(timer);
		for (const socket of alive.keys()) socket.terminate();
	});
	for (const route of routes) {
		app.get(route, about(signalingOperation(route.replace("*", ""))), async (request, reply) => {
			checkOrigin(request, room.config.http.allowOrigins, true);
			const { socket, head, detach } = upgradeOf(request);
			const board = boardOf(room, request, credentialsOf(request));
			reply.hijack();
			detach();
			door.open({ request: request.raw, socket, head }, (opened) => {
				alive.set(opened, true);
				opened.on("pong", () => alive.set(opened, true)).on("close", () => alive.delete(opened));
				new Connection(opened, board);
			});
			return reply;
		});
	}
}
