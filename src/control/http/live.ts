import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Guard, ipOf, pathNameOf } from "./guard.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";
import { upgradeOf } from "./upgrade.ts";

/** Other web sites' scripts can open a WebSocket without asking: only those that may use the relay are let in. */
function checkOrigin({ headers, host }: FastifyRequest, allowed: readonly string[]): void {
	const { origin } = headers;
	if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return;
	if (URL.canParse(origin) && new URL(origin).host === host) return;
	throw new HttpRefusal(403, "pages of another site may not use this relay (http.allowOrigins)");
}

/** Frames over WebSocket: `GET /PATH/live.ws`. */
export function liveRoutes(app: FastifyInstance, { live, config }: HttpRoom, guard: Guard): void {
	app.get<{ Params: { "*": string } }>("/*", { exposeHeadRoute: false }, async (request, reply) => {
		const name = /^(.+)\/live\.ws$/.exec(request.params["*"])?.[1];
		if (name === undefined || !live) throw new HttpRefusal(404, "not found");
		const path = pathNameOf(name);
		checkOrigin(request, config.http.allowOrigins);
		const { name: user } = await guard.admit(request, "read", path);
		const { socket, head, detach } = upgradeOf(request);
		const serve = live.prepare(path);
		const mark = request.url.indexOf("?");
		const query = mark < 0 ? "" : request.url.slice(mark + 1, mark + 1025);
		reply.hijack();
		detach();
		serve({ request: request.raw, socket, head, user: user ?? "", remoteAddress: ipOf(request), query });
		return reply;
	});
}
