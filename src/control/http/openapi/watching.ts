import { refused, upgraded } from "./answers.ts";
import type { Answer, Operation, Parameter } from "./operation.ts";
import type { Schema } from "./schema.ts";

const SDP: Schema = { type: "string", examples: ["v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n…"] };
const FRAGMENT = "application/trickle-ice-sdpfrag";

const notAName = refused("Not a path's name");
const noPublisher: Answer = {
	...refused("Nobody publishes there, or somebody stopped it"),
	headers: {
		"Retry-After": "Seconds, where nobody publishes yet.",
		"Vedette-Stopped": "Seconds for which this viewer wakes nothing by coming back, where somebody stopped it.",
	},
};
const full: Answer = {
	...refused("As many watch as may, or there is no WebRTC"),
	headers: { "Vedette-Full": "How many may watch, where as many do." },
};

/** Of each address at which somebody watches. */
export const wake: Parameter = {
	name: "wake",
	in: "query",
	description:
		"`1`: the viewer said so. It wakes the camera within 30 s of a stop, too. Not for what comes back by itself.",
	schema: { type: "string", enum: ["1"] },
};

const links = { Link: 'One ICE server each: `<turn:…>; rel="ice-server"; username="…"; credential="…"`.' };

const offered: Answer = {
	description: "The answer",
	content: { "application/sdp": SDP },
	headers: {
		...links,
		Location: "The session, for PATCH and DELETE. Who knows it may change and end it.",
		ETag: "Names the present ICE session.",
		"Accept-Patch": `\`${FRAGMENT}\`.`,
		"Vedette-Left-Out": "Tracks that do not come, where there are any, as JSON: `track`, `codec`, `reason`.",
	},
};

const ifMatch: Parameter = {
	name: "If-Match",
	in: "header",
	description: "The session's `ETag`; `*` to begin ICE anew.",
	schema: { type: "string" },
};

const words = {
	whep: { right: "read", verb: "Watch", id: "watch", specification: "draft-ietf-wish-whep" },
	whip: { right: "publish", verb: "Publish", id: "publish", specification: "RFC 9725" },
} as const;

/** What can be asked at one of the two endpoints that `webrtcRoutes` serves, by method. */
export function webrtcOperations(kind: "whip" | "whep") {
	const { right, verb, id, specification } = words[kind];
	const at = { tag: "Watching", path: `/{path}/${kind}` } as const;
	const session = { tag: "Watching", path: `/{path}/${kind}/{session}` } as const;
	const gone = refused("There is no such session");
	return {
		offer: {
			...at,
			id: `${id}ByWebRtc`,
			summary: `${verb} by WebRTC`,
			description: `${kind.toUpperCase()} (${specification}).`,
			right,
			...(kind === "whep" && { parameters: [wake] }),
			body: { content: { "application/sdp": SDP }, required: true },
			answers: {
				201: offered,
				400: refused("Not an offer, or not a path's name"),
				404: noPublisher,
				406: refused("No track that both sides can take"),
				409: refused("Somebody publishes there"),
				415: refused("Not SDP"),
				423: refused("Nobody wants this stream now"),
				503: full,
			},
		},
		options: {
			...at,
			id: `${id}Options`,
			summary: `The ICE servers, before an offer (${kind.toUpperCase()})`,
			right,
			answers: { 204: { description: "See the headers", headers: links }, 400: notAName },
		},
		patch: {
			...session,
			id: `${id}Patch`,
			summary: `Add candidates, or begin ICE anew (${kind.toUpperCase()})`,
			parameters: [ifMatch],
			body: { content: { [FRAGMENT]: { type: "string" } }, required: true },
			answers: {
				200: {
					description: "ICE begins anew",
					content: { [FRAGMENT]: { type: "string" } },
					headers: { ETag: "The new one." },
				},
				204: { description: "The candidates are taken" },
				400: refused("Not a fragment"),
				404: gone,
				412: refused("The `ETag` is old"),
				415: refused("Not a fragment by its type"),
				503: full,
			},
		},
		end: {
			...session,
			id: `${id}End`,
			summary: `End a session (${kind.toUpperCase()})`,
			answers: { 200: { description: "It has ended" }, 400: notAName, 404: gone, 503: full },
		},
	} as const satisfies Record<string, Operation>;
}

const blocking = ["_HLS_msn", "_HLS_part"].map(
	(name): Parameter => ({
		name,
		in: "query",
		description: "The answer waits for this one (RFC 8216bis section 6.2.5.2).",
		schema: { type: "integer", minimum: 0 },
	}),
);

const hls = { tag: "Watching", right: "read" } as const;
const wrong = { 400: refused("Not a path's name, or nothing of the stream can be sent this way"), 404: noPublisher };
const late = refused("No whole segment has come within 8 s");
const playlist: Answer = { description: "The list", content: { "application/vnd.apple.mpegurl": { type: "string" } } };

/** What `liveRoutes` serves below a path. */
export const liveOperations = [
	{
		...hls,
		id: "hlsIndex",
		path: "/{path}/index.m3u8",
		summary: "Watch by HLS: the address for players",
		parameters: [wake],
		answers: { 200: playlist, ...wrong, 503: late },
	},
	{
		...hls,
		id: "hlsPlaylist",
		path: "/{path}/stream.m3u8",
		summary: "Segments and parts of HLS",
		parameters: blocking,
		answers: { 200: playlist, ...wrong, 503: late },
	},
	{
		...hls,
		id: "hlsFile",
		path: "/{path}/{file}",
		summary: "A segment or a part of HLS",
		answers: { 200: { description: "Fragmented MP4", content: { "video/mp4": {} } }, ...wrong, 503: late },
	},
	{
		...hls,
		id: "watchFrames",
		path: "/{path}/live.ws",
		summary: "Watch by WebSocket",
		description: "Fragmented MP4, a message for each frame. Browsers give an `Authorization` as a subprotocol.",
		parameters: [
			{
				name: "audio",
				in: "query",
				description: "For AAC where Opus is published.",
				schema: { type: "string", examples: ["aac"] },
			},
			wake,
		],
		answers: { ...upgraded("WebSocket: JSON with `mime`, then binary"), ...wrong },
	},
	{
		id: "streamInBrowser",
		path: "/{path}",
		tag: "Watching",
		summary: "A browser goes on to the page of the stream",
		answers: {
			302: { description: "By the `Accept` header", headers: { Location: "`/watch/PATH`." } },
			404: refused("For programs there is nothing"),
		},
	},
] as const satisfies readonly Operation[];

export const thumbnailOperation = {
	id: "thumbnail",
	path: "/thumbnails/{path}.mp4",
	tag: "Watching",
	summary: "The last key frame of a stream",
	description: "One frame of MP4 for `<video muted playsinline src=…>`. Starts no camera.",
	right: "read",
	parameters: [
		{ name: "v", in: "query", description: "Its version, as in the list of streams.", schema: { type: "string" } },
		{
			name: "Range",
			in: "header",
			description: "One range of bytes.",
			schema: { type: "string", examples: ["bytes=0-1"] },
		},
	],
	answers: {
		200: { description: "The picture", content: { "video/mp4": {} }, headers: { ETag: "Its version." } },
		206: { description: "A part of it", content: { "video/mp4": {} } },
		304: { description: "The picture that the caller has" },
		400: notAName,
		404: refused("There is no picture"),
		416: refused("It has no such bytes"),
	},
} as const satisfies Operation;
