import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { SESSION_COOKIE } from "./guard.ts";
import { documentOf } from "./openapi/document.ts";
import { about } from "./openapi/operation.ts";
import { pageOperations } from "./openapi/pages.ts";
import { sheet } from "./openapi/sheet.ts";
import type { HttpRoom } from "./room.ts";

/** The stylesheet of the built page, whose name carries a hash; undefined where it has not been built. */
export function styleIn(pageDir: string): string | undefined {
	try {
		const page = readFileSync(join(pageDir, "index.html"), "utf8");
		return /<link rel="stylesheet"[^>]* href="(\/assets\/[\w.-]+\.css)"/.exec(page)?.[1];
	} catch {
		return undefined;
	}
}

/** What can be asked here, for programs (`/openapi.json`) and for people (`/api`). It holds nothing secret. `style` as in `sheet`. */
export function referenceRoutes(app: FastifyInstance, room: HttpRoom, style: string | undefined): void {
	app.get("/openapi.json", about(pageOperations.document), async (_request, reply) => {
		return reply.type("application/json; charset=utf-8").header("Cache-Control", "no-cache").send(texts.json);
	});
	app.get("/api", about(pageOperations.reference), async (_request, reply) => {
		return reply.type("text/html; charset=utf-8").header("Cache-Control", "no-cache").send(texts.html);
	});
	const document = documentOf(app.declaredRoutes, room.version, SESSION_COOKIE);
	const texts = { json: JSON.stringify(document), html: sheet(document, style) };
}
