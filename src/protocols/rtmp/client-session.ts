import { knownFourCcs } from "../../wire/flv.ts";
import { type Command, numberIn, textIn, writeCommand } from "./command.ts";
import { WINDOW_BYTES } from "./link.ts";
import { CHUNK_BYTES } from "./media-writer.ts";
import { type Message, SET_BUFFER_LENGTH, setChunkSize, userControl, windowSize } from "./message.ts";
import type { RtmpAddress } from "./url.ts";

/** What a player says that it buffers; servers send live streams as they come all the same. */
const BUFFER_MS = 1000;

const CONNECT = 1;
const RELEASE = 2;
const FC_PUBLISH = 3;
const CREATE = 4;
const BEGIN = 5;

/** What the session leads to. */
export type ClientStep =
	| { readonly do: "wait"; readonly send: readonly Message[] }
	/** Media may be sent, or comes, on this message stream. */
	| { readonly do: "live"; readonly send: readonly Message[]; readonly stream: number }
	/** `status`: why the server refuses, as HTTP numbers it, where it says so. */
	| { readonly do: "end"; readonly reason: string; readonly status?: number | undefined };

const nothing: ClientStep = { do: "wait", send: [] };

/** The client's side of a connection after the handshake: to play a stream, or to publish one. Pure. */
export class ClientSession {
	readonly #address: RtmpAddress;
	readonly #goal: "play" | "publish";
	#stream = 0;

	constructor(address: RtmpAddress, goal: "play" | "publish") {
		this.#address = address;
		this.#goal = goal;
	}

	/** What is sent first. The chunk size is valid from the message after it. */
	start(): readonly Message[] {
		const { app, tcUrl } = this.#address;
		const object = {
			app,
			type: "nonprivate",
			flashVer: "FMLE/3.0 (compatible; Vedette)",
			tcUrl,
			fpad: false,
			audioCodecs: 4071,
			videoCodecs: 252,
			videoFunction: 1,
			fourCcList: knownFourCcs,
		};
		return [
			setChunkSize(CHUNK_BYTES),
			windowSize(WINDOW_BYTES),
			writeCommand({ name: "connect", transaction: CONNECT, stream: 0, values: [object] }),
		];
	}

	/** A command of the server. */
	command(command: Command): ClientStep {
		switch (command.name) {
			case "_result":
				return this.#result(command);
			case "_error":
				return this.#error(command);
			case "onStatus":
				return this.#status(command);
			default:
				return nothing;
		}
	}

	/** Goodbye. */
	close(): readonly Message[] {
		if (this.#stream === 0) return [];
		const { name } = this.#address;
		const gone = writeCommand({ name: "deleteStream", transaction: 0, stream: 0, values: [null, this.#stream] });
		const unpublish = writeCommand({ name: "FCUnpublish", transaction: 0, stream: 0, values: [null, name] });
		return this.#goal === "publish" ? [unpublish, gone] : [gone];
	}

	#result({ transaction, values }: Command): ClientStep {
		const { name } = this.#address;
		const call = (what: string, number: number) =>
			writeCommand({ name: what, transaction: number, stream: 0, values: [null, name] });
		const create = writeCommand({ name: "createStream", transaction: CREATE, stream: 0, values: [null] });
		if (transaction === CONNECT) {
			const before = this.#goal === "publish" ? [call("releaseStream", RELEASE), call("FCPublish", FC_PUBLISH)] : [];
			return { do: "wait", send: [...before, create] };
		}
		if (transaction !== CREATE) return nothing;
		if (typeof values[1] !== "number") return { do: "end", reason: "the server opened no message stream" };
		this.#stream = values[1];
		const more = this.#goal === "publish" ? ["live"] : [];
		const begin = writeCommand({
			name: this.#goal,
			transaction: BEGIN,
			stream: this.#stream,
			values: [null, name, ...more],
		});
		const buffer = userControl(SET_BUFFER_LENGTH, this.#stream, BUFFER_MS);
		return { do: "wait", send: this.#goal === "play" ? [begin, buffer] : [begin] };
	}

	/** Servers without `releaseStream` and `FCPublish` say so; nothing hangs on them. */
	#error({ transaction, values }: Command): ClientStep {
		if (transaction === RELEASE || transaction === FC_PUBLISH) return nothing;
		return { do: "end", reason: reasonIn(values, "the server refuses the connection") };
	}

	#status({ values }: Command): ClientStep {
		const code = textIn(values[1], "code");
		if (textIn(values[1], "level") === "error") {
			return { do: "end", reason: reasonIn(values, code), status: numberIn(values[1], "status") };
		}
		if (code === "NetStream.Publish.Start" || code === "NetStream.Play.Start") {
			return { do: "live", send: [], stream: this.#stream };
		}
		const ends = code === "NetStream.Play.UnpublishNotify" || code === "NetStream.Play.Stop";
		return ends ? { do: "end", reason: reasonIn(values, "the stream ended") } : nothing;
	}
}

function reasonIn(values: Command["values"], otherwise: string): string {
	return textIn(values[1], "description") || textIn(values[1], "code") || otherwise;
}
