import type { FastifyInstance, FastifyRequest } from "fastify";
import { goneOf } from "./gone.ts";
import { type Guard, pathNameOf } from "./guard.ts";
import { pollingOperation } from "./openapi/bridge.ts";
import { about } from "./openapi/operation.ts";
import type { HttpRoom } from "./room.ts";

/** Seconds that a question is kept at most. */
const MAX_WAIT_S = 60;

/** Seconds that the client would wait (RFC 7240 section 4.3); 0 where it says nothing. */
function waitOf({ headers }: FastifyRequest): number {
	const match = /(?:^|,)\s*wait\s*=\s*(\d{1,6})/i.exec(String(headers.prefer ?? ""));
	return Math.min(Number(match?.[1] ?? 0), MAX_WAIT_S);
}

/**
 * `GET /control/ROBOT/CAMERA`, asked by robots that may speak nothing but HTTP: what is wanted, with an ETag. With
 * `If-None-Match` the answer is 304 where nothing is new; with `Prefer: wait=SECONDS` it comes when there is something new, or then.
 */
export function pollingRoutes(app: FastifyInstance, { polling }: HttpRoom, guard: Guard): void {
	app.get<{ Params: { robot: string; camera: string } }>(
		"/control/:robot/:camera",
		about(pollingOperation),
		async (request, reply) => {
			const gone = goneOf(reply);
			const { robot, camera } = request.params;
			const path = pathNameOf(`${robot}/${camera}`);
			await guard.admit(request, "publish", path);
			const known = /^(?:W\/)?"(\d{1,15})"$/.exec(request.headers["if-none-match"] ?? "")?.[1];
			const waitMs = waitOf(request) * 1000;
			const order = await polling.ask(path, known === undefined ? undefined : Number(known), waitMs, gone);
			reply.header("ETag", `"${order.version}"`).header("Cache-Control", "no-store");
			if (waitMs > 0) reply.header("Preference-Applied", `wait=${waitMs / 1000}`);
			if (known === String(order.version)) return reply.code(304).send();
			const { want, maxBandwidth, minBandwidth } = order;
			return {
				want,
				...(maxBandwidth !== undefined && { maxBitrate: maxBandwidth }),
				...(minBandwidth !== undefined && { minBitrate: minBandwidth }),
			};
		},
	);
}
