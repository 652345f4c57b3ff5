import { json, refused, told } from "./answers.ts";
import type { Operation } from "./operation.ts";
import { number, object, ref } from "./schema.ts";

/** What `streamRoutes` serves. */
export const streamOperations = {
	list: {
		id: "listStreams",
		path: "/api/streams",
		tag: "Streams",
		summary: "The streams that the caller may read",
		right: "read",
		answers: { 200: told("Streams", "By name, asleep ones too") },
	},
	get: {
		id: "getStream",
		path: "/api/streams/{id}",
		tag: "Streams",
		summary: "One stream",
		description: "A path of which nothing is known is `offline`.",
		right: "read",
		answers: {
			200: {
				description: "It",
				content: json(object({ now: number("Unix milliseconds by the relay's clock."), stream: ref("Stream") })),
			},
			404: refused("Neither an id nor a path's name"),
		},
	},
	events: {
		id: "followStreams",
		path: "/api/events",
		tag: "Streams",
		summary: "The same once a second",
		description:
			"Server-sent events for `EventSource`. The `data` of event `streams` is what `GET /api/streams` answers, as JSON.",
		right: "read",
		answers: {
			200: {
				description: "Goes on until the caller leaves or the login expires",
				content: { "text/event-stream": { type: "string" } },
			},
			503: refused("Too many pages listen"),
		},
	},
} as const satisfies Record<string, Operation>;
