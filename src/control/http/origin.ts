import type { FastifyRequest } from "fastify";
import { HttpRefusal } from "./refusal.ts";

/** Whether a page of `origin` may use a relay at `host`, which has its port. */
function isOwn(origin: string, host: string, otherPorts: boolean): boolean {
	if (!URL.canParse(origin) || !URL.canParse(`http://${host}`)) return false;
	const page = new URL(origin);
	return otherPorts ? page.hostname === new URL(`http://${host}`).hostname : page.host === host;
}

/**
 * Other web sites' scripts can open a WebSocket without asking: only those that may use the relay are let in.
 *
 * @param otherPorts whether pages from another port of this machine may come, where no cookie counts for them.
 */
export function checkOrigin({ headers, host }: FastifyRequest, allowed: readonly string[], otherPorts = false): void {
	const { origin } = headers;
	if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return;
	if (isOwn(origin, host, otherPorts)) return;
	throw new HttpRefusal(403, "pages of another site may not use this relay (http.allowOrigins)");
}
