import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parsePathName } from "../../media/path-name.ts";
import { clientOf, wanterOf } from "./client.ts";
import { type Guard, pathNameOf } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { liveOperations } from "./openapi/watching.ts";
import { checkOrigin } from "./origin.ts";
import { sendRange } from "./ranges.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";
import { upgradeOf } from "./upgrade.ts";

const HLS_FILE = /^((index|stream)\.m3u8|[0-9a-f]{1,32}_(init|seg|part)\d{1,9}\.mp4)$/;

/** Frames over WebSocket: `GET /PATH/live.ws`. */
async function watch(
	{ hub, live, config }: HttpRoom,
	guard: Guard,
	name: string,
	request: FastifyRequest,
	reply: FastifyReply,
) {
	if (!live) throw new HttpRefusal(404, "not found");
	const path = pathNameOf(name);
	checkOrigin(request, config.http.allowOrigins);
	const principal = await guard.admit(request, "read", path);
	const { socket, head, detach } = upgradeOf(request);
	const { query } = clientOf(request);
	const viewer = wanterOf(request, "webSocketSession", principal);
	await hub.wanted(path, { ...viewer, query });
	const serve = live.prepare(path, query);
	reply.hijack();
	detach();
	const { user, remoteAddress } = viewer;
	serve({ request: request.raw, socket, head, user, remoteAddress, query });
	return reply;
}

/** Low-latency HLS: `GET /PATH/index.m3u8` and the files that it names. */
async function play(
	{ hub, hls }: HttpRoom,
	guard: Guard,
	name: string,
	file: string,
	request: FastifyRequest,
	reply: FastifyReply,
) {
	if (!hls) throw new HttpRefusal(404, "not found");
	const path = pathNameOf(name);
	const viewer = wanterOf(request, "hlsMuxer", await guard.admit(request, "read", path));
	const { query, userAgent } = clientOf(request);
	if (file.endsWith(".m3u8")) await hub.wanted(path, { ...viewer, query });
	const { status, type, body, maxAge } = await hls.answer(path, file, query, { ...viewer, userAgent });
	if (status !== 200) throw new HttpRefusal(status, body.toString());
	reply.header("Cache-Control", maxAge > 0 ? `private, max-age=${maxAge}` : "no-cache");
	reply.type(type);
	// Players of the system ask for files in ranges, and go on from what they have in their cache.
	return maxAge > 0 && Buffer.isBuffer(body) ? sendRange(request, reply, body) : reply.send(body);
}

/** Where the page of a stream is for who knows it at `/PATH` or `/PATH/`, as MediaMTX has it; undefined for programs. */
function pageOf(asked: string, { headers }: FastifyRequest): string | undefined {
	if (!headers.accept?.includes("text/html")) return undefined;
	const path = parsePathName(asked.replace(/\/$/, ""));
	return path && `/watch/${path}`;
}

/** What is below a path: the stream by WebSocket and by HLS. */
export function liveRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	app.get<{ Params: { "*": string } }>(
		"/*",
		{ exposeHeadRoute: false, ...about(...liveOperations) },
		async (request, reply) => {
			const [, name = "", file = ""] = /^(.+)\/([^/]+)$/.exec(request.params["*"]) ?? [];
			if (file === "live.ws") return watch(room, guard, name, request, reply);
			if (HLS_FILE.test(file)) return play(room, guard, name, file, request, reply);
			const page = pageOf(request.params["*"], request);
			if (page) return reply.header("Vary", "Accept").redirect(page, 302);
			throw new HttpRefusal(404, "not found");
		},
	);
}
