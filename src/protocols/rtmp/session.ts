import { knownFourCcs } from "../../wire/flv.ts";
import type { AmfValue } from "./amf0.ts";
import { type Command, isObject, statusOn, textIn, writeCommand } from "./command.ts";
import { type Message, STREAM_BEGIN, userControl } from "./message.ts";

/** Message streams that one connection may open; one is all that is used. */
const MAX_STREAMS = 8;

/** What `connect` told. */
interface Application {
	readonly app: string;
	readonly tcUrl: string;
	/** Codecs that the client can take by Enhanced RTMP, by their four characters; `*` for all. */
	readonly fourCcs: ReadonlySet<string>;
	readonly userAgent: string;
	/** Message streams that were opened. */
	readonly streams: number;
}

/** Who a client is and what it does: `asking` while it is found out whether it may. */
export type SessionState =
	| { readonly at: "new" }
	| ({ readonly at: "connected" } & Application)
	| ({ readonly at: "asking" | "publishing" | "playing"; readonly stream: number } & Application);

/** What the connection is to do. */
export type Wish =
	| { readonly do: "publish" | "play"; readonly stream: number; readonly name: string }
	/** The client leaves what it publishes or plays. */
	| { readonly do: "leave" }
	/** The client cannot be served. */
	| { readonly do: "end"; readonly reason: string };

export interface Step {
	readonly state: SessionState;
	readonly replies: readonly Message[];
	readonly wish?: Wish;
}

type Handler<State> = (state: State, command: Command) => Step;
type Table = {
	readonly [At in SessionState["at"]]: Readonly<Record<string, Handler<Extract<SessionState, { at: At }>>>>;
};

function result(command: Command, ...values: readonly AmfValue[]): Message {
	return writeCommand({ name: "_result", transaction: command.transaction, stream: 0, values });
}

function error(command: Command, code: string, description: string): Message {
	const values = [null, { level: "error", code, description }];
	return writeCommand({ name: "_error", transaction: command.transaction, stream: 0, values });
}

/** The answer to `connect` that says no. */
function rejectConnection(command: Command, description: string): Message {
	return error(command, "NetConnection.Connect.Rejected", description);
}

const VERSION = { fmsVer: "FMS/3,5,7,7009", capabilities: 31 };

function connect(state: SessionState, command: Command): Step {
	const object = command.values[0];
	const app = textIn(object, "app");
	const tcUrl = textIn(object, "tcUrl");
	const list = isObject(object) && Array.isArray(object.fourCcList) ? object.fourCcList : [];
	const fourCcs = new Set(list.filter((one) => typeof one === "string"));
	const information = {
		level: "status",
		code: "NetConnection.Connect.Success",
		description: "Connection succeeded.",
		objectEncoding: 0,
	};
	const version = fourCcs.size > 0 ? { ...VERSION, fourCcList: knownFourCcs } : VERSION;
	if (state.at !== "new") {
		const reason = "this connection is connected already";
		return { state, replies: [rejectConnection(command, reason)], wish: { do: "end", reason } };
	}
	const userAgent = textIn(object, "flashVer");
	return {
		state: { at: "connected", app, tcUrl, fourCcs, userAgent, streams: 0 },
		replies: [result(command, version, information)],
	};
}

function createStream<State extends Exclude<SessionState, { at: "new" }>>(state: State, command: Command): Step {
	if (state.streams >= MAX_STREAMS) {
		const reason = `there are ${state.streams} message streams, the most there may be`;
		return { state, replies: [error(command, "NetConnection.Call.Failed", reason)] };
	}
	const streams = state.streams + 1;
	return { state: { ...state, streams }, replies: [result(command, null, streams)] };
}

function begin(what: "publish" | "play"): Handler<Extract<SessionState, { at: "connected" }>> {
	return (state, command) => {
		const { stream, values } = command;
		const name = typeof values[1] === "string" ? values[1] : "";
		return { state: { ...state, at: "asking", stream }, replies: [], wish: { do: what, stream, name } };
	};
}

const codes = { publish: "NetStream.Publish.BadName", play: "NetStream.Play.Failed" } as const;

function busy(what: "publish" | "play"): Handler<SessionState> {
	return (state, { stream }) => {
		return { state, replies: [statusOn(stream, "error", codes[what], "this connection has a stream already")] };
	};
}

function leave(state: Extract<SessionState, { at: "publishing" | "playing" | "asking" }>): Step {
	const { stream, at } = state;
	const said = at === "publishing" ? [statusOn(stream, "status", "NetStream.Unpublish.Success", "stopped")] : [];
	return { state: { ...state, at: "connected" }, replies: said, wish: { do: "leave" } };
}

const ignore: Handler<SessionState> = (state) => ({ state, replies: [] });

/** What encoders and players send along, and some wait for. */
const agree: Handler<SessionState> = (state, command) => {
	return { state, replies: command.transaction > 0 ? [result(command, null, undefined)] : [] };
};

const fcPublish: Handler<SessionState> = (state, command) => {
	const values = [null, { code: "NetStream.Publish.Start", description: "" }];
	const told = writeCommand({ name: "onFCPublish", transaction: 0, stream: 0, values });
	return { state, replies: [told, ...agree(state, command).replies] };
};

const always = {
	connect,
	releaseStream: agree,
	FCPublish: fcPublish,
	FCUnpublish: agree,
	FCSubscribe: agree,
	_checkbw: agree,
	getStreamLength: (state: SessionState, command: Command): Step => ({ state, replies: [result(command, null, 0)] }),
	receiveAudio: ignore,
	receiveVideo: ignore,
	pause: ignore,
	seek: ignore,
	onStatus: ignore,
	_result: ignore,
	_error: ignore,
};

const busyRow = { ...always, createStream, publish: busy("publish"), play: busy("play") };
const leaveRow = { ...busyRow, deleteStream: leave, closeStream: leave };

const table: Table = {
	new: { connect },
	connected: {
		...always,
		createStream,
		publish: begin("publish"),
		play: begin("play"),
		deleteStream: ignore,
		closeStream: ignore,
	},
	asking: leaveRow,
	publishing: leaveRow,
	playing: leaveRow,
};

/** What a client's command leads to. A command that a state's row lacks is an error, and before `connect` the end. */
export function step(state: SessionState, command: Command): Step {
	// Each row is for the state it stands at; the compiler loses that when it looks up by `at`.
	const row = table[state.at] as Readonly<Record<string, Handler<SessionState>>>;
	const handler = Object.hasOwn(row, command.name) ? row[command.name] : undefined;
	if (handler) return handler(state, command);
	const name = command.name.slice(0, 40);
	if (state.at === "new") return { state, replies: [], wish: { do: "end", reason: `"${name}" comes before connect` } };
	const failed = error(command, "NetConnection.Call.Failed", `there is no command "${name}"`);
	return { state, replies: command.transaction > 0 ? [failed] : [] };
}

/** The client may do what it asked for. */
export function admit(state: SessionState, what: "publish" | "play"): Step {
	if (state.at !== "asking") return { state, replies: [] };
	const { stream } = state;
	const opening = userControl(STREAM_BEGIN, stream);
	if (what === "publish") {
		const start = statusOn(stream, "status", "NetStream.Publish.Start", "Publishing.");
		return { state: { ...state, at: "publishing" }, replies: [opening, start] };
	}
	const reset = statusOn(stream, "status", "NetStream.Play.Reset", "Playing and resetting.");
	const start = statusOn(stream, "status", "NetStream.Play.Start", "Playing.");
	return { state: { ...state, at: "playing" }, replies: [opening, reset, start] };
}
