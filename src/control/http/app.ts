import fastifyCookie from "@fastify/cookie";
import { type FastifyInstance, fastify } from "fastify";
import { addressTest } from "../../access/addresses.ts";
import { bridgeRoutes } from "./bridge.ts";
import { cameraRoutes } from "./cameras.ts";
import { keepRoutes } from "./declared-routes.ts";
import { type Guard, guardOf, openGuard } from "./guard.ts";
import { headerHooks } from "./headers.ts";
import { healthRoutes, metricsRoutes } from "./health.ts";
import { liveRoutes } from "./live.ts";
import { loginRoutes } from "./login.ts";
import { mqttRoutes } from "./mqtt.ts";
import { pageRoutes } from "./page.ts";
import { pollingRoutes } from "./polling.ts";
import { referenceRoutes, styleIn } from "./reference.ts";
import { errorHandler, HttpRefusal } from "./refusal.ts";
import { enrolRoutes, robotRoutes } from "./robots.ts";
import type { HttpRoom } from "./room.ts";
import { signalingRoutes } from "./signaling.ts";
import { streamRoutes } from "./streams.ts";
import { thumbnailRoutes } from "./thumbnail.ts";
import { v3Routes } from "./v3.ts";
import { webrtcRoutes } from "./webrtc.ts";

/** What a listener serves: everything, or only a part. `local` asks nobody for credentials. */
export type Role = "all" | "api" | "metrics" | "signaling" | "local";

const MAX_PARAMETER = 500;

async function addRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard, role: Role, loginTime: number) {
	if (role === "signaling") {
		signalingRoutes(app, room, ["/*"]);
		return;
	}
	if (role !== "metrics") {
		healthRoutes(app, room, guard);
		v3Routes(app, room, guard);
	}
	if (role !== "api") metricsRoutes(app, room, guard);
	if (role === "all" || role === "local") {
		streamRoutes(app, room, guard);
		robotRoutes(app, room, guard);
	}
	if (role !== "all") return;
	loginRoutes(app, room, guard, loginTime);
	thumbnailRoutes(app, room, guard);
	webrtcRoutes(app, room, guard);
	liveRoutes(app, room, guard);
	mqttRoutes(app, room);
	enrolRoutes(app, room);
	cameraRoutes(app, room, guard);
	bridgeRoutes(app, room, guard);
	pollingRoutes(app, room, guard);
	signalingRoutes(app, room, ["/signaling", "/one2many"]);
	await pageRoutes(app, room, guard);
}

/** The routes of one role, ready to take requests. `loginTime` is how long a cookie is good, in milliseconds. */
export async function buildApp(room: HttpRoom, role: Role, loginTime: number): Promise<FastifyInstance> {
	const { maxBody, trustedProxies, allowOrigins } = room.config.http;
	const trusted = addressTest(trustedProxies);
	const app = fastify({
		bodyLimit: maxBody,
		trustProxy: trustedProxies.length > 0 && ((address: string) => trusted(address)),
		routerOptions: { maxParamLength: MAX_PARAMETER },
		exposeHeadRoutes: true,
		forceCloseConnections: true,
	});
	app.setErrorHandler(errorHandler(room.log));
	app.setNotFoundHandler(() => {
		throw new HttpRefusal(404, "not found");
	});
	await app.register(fastifyCookie);
	headerHooks(app, role === "all" ? allowOrigins : []);
	keepRoutes(app);
	await addRoutes(app, room, role === "local" ? openGuard : guardOf(room.access), role, loginTime);
	if (role === "all") referenceRoutes(app, room, styleIn(room.pageDir));
	else if (role === "api" || role === "local") referenceRoutes(app, room, undefined);
	await app.ready();
	return app;
}
