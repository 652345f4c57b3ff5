import type { FastifyInstance } from "fastify";
import { type Guard, pathNameOf } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { thumbnailOperation } from "./openapi/watching.ts";
import { sendRange } from "./ranges.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";

/** The last key frame of a stream as a one-frame MP4. Safari asks for it in ranges. */
export function thumbnailRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	app.get<{ Params: { "*": string }; Querystring: { v?: string } }>(
		"/thumbnails/*",
		about(thumbnailOperation),
		async (request, reply) => {
			const match = /^(.+)\.mp4$/.exec(request.params["*"]);
			if (!match) throw new HttpRefusal(404, "not found");
			const name = pathNameOf(match[1]!);
			await guard.admit(request, "read", name);
			const stream = room.hub.path(name)?.stream;
			const picture = stream && room.thumbnails.picture(stream);
			if (!picture) throw new HttpRefusal(404, "there is no picture");
			const { bytes, version } = picture;
			reply
				.type("video/mp4")
				.header("ETag", `"${version}"`)
				.header("Cache-Control", request.query.v === version ? "private, max-age=600, immutable" : "no-cache");
			if (request.headers["if-none-match"] === `"${version}"`) return reply.code(304).send();
			return sendRange(request, reply, bytes);
		},
	);
}
