import type { FastifyRequest } from "fastify";
import { HttpRefusal } from "./refusal.ts";

/**
 * Whether a request comes from one of the relay's own pages, or from no page. A page that came without TLS may have been
 * changed on its way: it may not use what is behind TLS.
 *
 * @param otherPorts whether pages from other ports of this machine count, too; with TLS or without.
 */
export function isOwnOrigin({ headers: { origin }, host, protocol }: FastifyRequest, otherPorts = false): boolean {
	if (origin === undefined) return true;
	const page = URL.parse(origin);
	const own = URL.parse(`http://${host}`);
	if (!page || !own) return false;
	if (otherPorts) return page.hostname === own.hostname;
	// The other way round it is a proxy that speaks TLS for the relay.
	return page.host === host && !(page.protocol === "http:" && protocol === "https");
}

/**
 * Other web sites' scripts can open a WebSocket without asking: only those that may use the relay are let in.
 *
 * @param otherPorts whether pages from another port of this machine may come, where no cookie counts for them.
 */
export function checkOrigin(request: FastifyRequest, allowed: readonly string[], otherPorts = false): void {
	if (isOwnOrigin(request, otherPorts)) return;
	if (allowed.includes("*") || allowed.includes(request.headers.origin ?? "")) return;
	throw new HttpRefusal(403, "pages of another site may not use this relay (http.allowOrigins)");
}
