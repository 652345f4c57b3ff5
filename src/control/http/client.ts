import type { FastifyRequest } from "fastify";
import type { Principal } from "../../access/access.ts";
import type { Wanter } from "../../hub/demand/wants.ts";
import { ipOf } from "./guard.ts";

const LONGEST_AGENT = 200;
const LONGEST_QUERY = 1024;

/** From where somebody asks and with what, as lists of sessions tell it. */
export interface Client {
	/** IP address. */
	readonly remoteAddress: string;
	readonly userAgent: string;
	/** What stands after `?`. */
	readonly query: string;
}

export function clientOf(request: FastifyRequest): Client {
	const { url, headers } = request;
	const mark = url.indexOf("?");
	return {
		remoteAddress: ipOf(request),
		userAgent: (headers["user-agent"] ?? "").slice(0, LONGEST_AGENT),
		query: mark < 0 ? "" : url.slice(mark + 1, mark + 1 + LONGEST_QUERY),
	};
}

/** Who asks, for those who note who wants a path. `type` is how they came: `api`, `hlsMuxer` … */
export function wanterOf(request: FastifyRequest, type: string, { name }: Principal): Wanter {
	return { type, user: name ?? "", remoteAddress: ipOf(request) };
}
