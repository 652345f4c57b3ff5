import type { FastifyInstance } from "fastify";

const POLICY = [
	"default-src 'self'",
	"img-src 'self' data: blob:",
	"media-src 'self' blob:",
	"style-src 'self' 'unsafe-inline'",
	"connect-src *",
	"base-uri 'none'",
	"form-action 'self'",
	"object-src 'none'",
];

const common: Readonly<Record<string, string>> = {
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy": "no-referrer",
	"Cross-Origin-Resource-Policy": "same-origin",
};

/** What a page of another origin may read of an answer. */
const EXPOSED = "Location, ETag, Link, Accept-Patch, Vedette-Left-Out, Vedette-Stopped, Vedette-Full, Retry-After";

/** Headers of every answer: what browsers must not do with it, and which other origins may read it. */
export function headerHooks(app: FastifyInstance, allowOrigins: readonly string[]): void {
	const any = allowOrigins.includes("*");
	const frames = `frame-ancestors 'self' ${any ? "*" : allowOrigins.join(" ")}`.trimEnd();
	const policy = [...POLICY, frames].join("; ");

	app.addHook("onRequest", async (request, reply) => {
		reply.headers(common).header("Content-Security-Policy", policy);
		const { origin } = request.headers;
		if (origin === undefined || allowOrigins.length === 0) return;
		reply.header("Vary", "Origin");
		if (!any && !allowOrigins.includes(origin)) return;
		reply.header("Access-Control-Allow-Origin", any ? "*" : origin).header("Access-Control-Expose-Headers", EXPOSED);
		if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return;
		return reply
			.header("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE, OPTIONS")
			.header("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, Accept")
			.header("Access-Control-Max-Age", "600")
			.code(204)
			.send();
	});
}
