import type { FastifyInstance } from "fastify";
import { type Guard, pathNameOf } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { thumbnailOperation } from "./openapi/watching.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";

/** First and last byte of a single range (RFC 9110 section 14.1.2); undefined where the header asks for the whole. */
export function byteRange(header: string | undefined, length: number): readonly [number, number] | undefined {
	const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
	if (!match || (match[1] === "" && match[2] === "")) return undefined;
	if (match[1] === "") return [Math.max(0, length - Number(match[2])), length - 1];
	const last = match[2] === "" ? length - 1 : Math.min(Number(match[2]), length - 1);
	return [Number(match[1]), last];
}

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
				.header("Accept-Ranges", "bytes")
				.header("ETag", `"${version}"`)
				.header("Cache-Control", request.query.v === version ? "private, max-age=600, immutable" : "no-cache");
			if (request.headers["if-none-match"] === `"${version}"`) return reply.code(304).send();
			const range = byteRange(request.headers.range, bytes.length);
			if (!range) return reply.send(bytes);
			const [first, last] = range;
			if (first > last) {
				throw new HttpRefusal(416, "no such range", { "Content-Range": `bytes */${bytes.length}` });
			}
			return reply
				.code(206)
				.header("Content-Range", `bytes ${first}-${last}/${bytes.length}`)
				.send(bytes.subarray(first, last + 1));
		},
	);
}
