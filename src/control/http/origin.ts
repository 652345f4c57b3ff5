import type { FastifyRequest } from "fastify";
import { HttpRefusal } from "./refusal.ts";

/** Other web sites' scripts can open a WebSocket without asking: only those that may use the relay are let in. */
export function checkOrigin({ headers, host }: FastifyRequest, allowed: readonly string[]): void {
	const { origin } = headers;
	if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return;
	if (URL.canParse(origin) && new URL(origin).host === host) return;
	throw new HttpRefusal(403, "pages of another site may not use this relay (http.allowOrigins)");
}
