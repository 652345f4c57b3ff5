import { count, flag, list, moment, object, orNull, ref, type Schema, text } from "./schema.ts";

const user = object({ type: text("What it is.", { examples: ["rtspSession"] }), id: text("Its id.") });

/** One page of a list. */
const pageOf = (name: string): Schema =>
	object({ itemCount: count("Of all pages."), pageCount: count("How many pages."), items: list(ref(name)) });

/** Paths and sessions as MediaMTX's control API writes them. */
export const mediaMtxShapes: Readonly<Record<string, Schema>> = {
	Path: object({
		name: text("The path's name."),
		confName: text("The entry of `paths` that it follows."),
		ready: flag("Whether it can be read."),
		readyTime: orNull(moment("Since when.")),
		available: flag("The same."),
		availableTime: orNull(moment("The same.")),
		online: flag("Whether its publisher is there."),
		onlineTime: orNull(moment("Since when.")),
		source: orNull(user),
		tracks: list({ type: "string" }, "Codecs."),
		tracks2: list(
			object({ codec: text("Its name."), codecProps: orNull({ type: "object", additionalProperties: true }) }),
		),
		readers: list(user),
		inboundBytes: count("Bytes that came in."),
		outboundBytes: count("Bytes that went out."),
		inboundFramesInError: count("Packets that were of no use."),
		bytesReceived: count("As `inboundBytes`."),
		bytesSent: count("As `outboundBytes`."),
	}),
	PathList: pageOf("Path"),
	Session: {
		type: "object",
		description: "A connection or session. What more it has depends on its protocol, as in MediaMTX.",
		required: ["id"],
		properties: {
			id: text("Its id."),
			created: moment("Since when."),
			remoteAddr: text("From where, with the port."),
			state: text("`idle`, `read` or `publish`."),
			path: text("The path's name."),
			user: text("Empty for nobody in particular."),
		},
		additionalProperties: true,
	},
	SessionList: pageOf("Session"),
	Muxer: {
		type: "object",
		required: ["path"],
		properties: {
			path: text("The path's name."),
			created: moment("Since when."),
			lastRequest: moment("When somebody asked last."),
		},
		additionalProperties: true,
	},
	MuxerList: pageOf("Muxer"),
	Forward: {
		type: "object",
		required: ["id"],
		properties: { id: text("Its id."), path: text("Of which path.") },
		additionalProperties: true,
	},
	ForwardList: pageOf("Forward"),
	Done: object({ status: { const: "ok" } }),
	Info: {
		...object({ version: text("`vedette` and its version."), started: moment("When the relay started.") }),
		examples: [{ version: "vedette 0.1.0", started: "2027-03-01T09:30:00.000Z" }],
	},
};
