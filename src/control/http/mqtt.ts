import type { FastifyInstance } from "fastify";
import { ipOf } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { mqttOperation } from "./openapi/sockets.ts";
import { checkOrigin } from "./origin.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";
import { upgradeOf } from "./upgrade.ts";

/** MQTT over WebSocket, for robots that get out by the web server's port only; the broker asks who they are. */
export function mqttRoutes(app: FastifyInstance, { mqtt, config }: HttpRoom): void {
	app.get("/mqtt", about(mqttOperation), async (request, reply) => {
		if (!mqtt?.upgrade) throw new HttpRefusal(404, "the broker is not here");
		checkOrigin(request, config.http.allowOrigins);
		const { socket, head, detach } = upgradeOf(request);
		reply.hijack();
		detach();
		mqtt.upgrade({ request: request.raw, socket, head, ip: ipOf(request) });
		return reply;
	});
}
