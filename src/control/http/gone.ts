import type { FastifyReply } from "fastify";

/** Aborts when the client has gone without its answer. */
export function goneOf({ raw }: FastifyReply): AbortSignal {
	const gone = new AbortController();
	raw.once("close", () => {
		if (!raw.writableFinished) gone.abort();
	});
	return gone.signal;
}
