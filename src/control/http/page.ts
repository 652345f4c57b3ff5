import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Guard } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { pageOperations as operations } from "./openapi/pages.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";

/** What programs are told that look whether the bridge of `/stream/start` is there. */
const GREETING = "Media bridge service running!";

function wantsPage(request: FastifyRequest): boolean {
	return request.headers.accept?.includes("text/html") === true;
}

/** The page's files, and the addresses at which it is one page that looks at its own address. */
export async function pageRoutes(app: FastifyInstance, { pageDir }: HttpRoom, guard: Guard): Promise<void> {
	await app.register(fastifyStatic, { root: pageDir, serve: false, cacheControl: false });

	const sendPage = async (reply: FastifyReply) => {
		if (!existsSync(join(pageDir, "index.html"))) {
			throw new HttpRefusal(503, "the page has not been built: npm run build");
		}
		return reply.header("Cache-Control", "no-cache").sendFile("index.html");
	};
	/** Browsers that may see nothing are sent to the login; who is logged in is told by the page what is missing. */
	const sendToReader = async (request: FastifyRequest, reply: FastifyReply) => {
		const principal = await guard.recognise(request);
		if (principal.may("read") || principal.name !== null) return sendPage(reply);
		reply.header("Cache-Control", "no-store");
		return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`, 302);
	};

	app.get("/", about(operations.home), async (request, reply) => {
		reply.header("Vary", "Accept");
		return wantsPage(request) ? sendToReader(request, reply) : { msg: GREETING };
	});
	app.get("/watch/*", about(operations.watch), sendToReader);
	app.get("/viewer", about(operations.viewer), sendToReader);
	app.get("/viewer.html", about(operations.viewerFile), sendToReader);
	app.get("/robots", about(operations.robots), sendToReader);
	app.get("/login", about(operations.login), (_request, reply) => sendPage(reply));

	/** Pages of other origins load the player, and what it loads later. */
	const forEverybody = (reply: FastifyReply): FastifyReply =>
		reply.header("Access-Control-Allow-Origin", "*").header("Cross-Origin-Resource-Policy", "cross-origin");

	app.get<{ Params: { "*": string } }>("/assets/*", about(operations.asset), async (request, reply) => {
		forEverybody(reply).header("Cache-Control", "public, max-age=31536000, immutable");
		return reply.sendFile(request.params["*"], join(pageDir, "assets"));
	});
	app.get("/vedette-player.js", about(operations.player), async (_request, reply) => {
		return forEverybody(reply).header("Cache-Control", "public, max-age=300").sendFile("vedette-player.js");
	});
	app.get("/favicon.ico", about(operations.icon), async (_request, reply) => reply.code(204).send());
}
