import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Outcome, Principal, Refusal } from "../../access/access.ts";
import { plainAddress } from "../../access/addresses.ts";
import { newId } from "../../hub/path.ts";
import type { Reader } from "../../hub/reader.ts";
import { Refused } from "../../hub/refused.ts";
import type { Stream } from "../../hub/stream.ts";
import { type PathName, parsePathName, pathNameFault } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { shownQuery } from "../../observe/secrets.ts";
import { AmfError } from "./amf0.ts";
import { ChunkReader, FIRST_CHUNK_BYTES } from "./chunk-reader.ts";
import { writeMessages } from "./chunk-writer.ts";
import { type Command, readCommand, statusOn } from "./command.ts";
import type { RtmpContext } from "./context.ts";
import { Egress, playableTracks } from "./egress.ts";
import { Handshake } from "./handshake.ts";
import { Ingest } from "./ingest.ts";
import { CHUNK_BYTES } from "./media-writer.ts";
import {
	AGGREGATE,
	AUDIO,
	acknowledgement,
	DATA_AMF0,
	DATA_AMF3,
	type Message,
	PING_REQUEST,
	PING_RESPONSE,
	peerBandwidth,
	RtmpError,
	STREAM_EOF,
	setChunkSize,
	splitAggregate,
	USER_CONTROL,
	userControl,
	VIDEO,
	WINDOW_SIZE,
	windowSize,
} from "./message.ts";
import { admit, type SessionState, type Step, step, type Wish } from "./session.ts";
import { type Target, targetOf } from "./url.ts";

const HANDSHAKE_BYTES = 1528;
/** What both sides may have on the way without an acknowledgement. */
const WINDOW_BYTES = 2_500_000;
/** Largest message of a client that has not been let in to publish. */
const COMMAND_BYTES = 65_536;
/** Bytes that may wait for a client that asks and does not read. */
const MAX_UNSENT_BYTES = 1_048_576;

/** How a request is answered with no. */
const codes = { publish: "NetStream.Publish.BadName", play: "NetStream.Play.StreamNotFound" } as const;

/** What somebody does on a connection. */
interface Part {
	readonly path: PathName;
	readonly target: Target;
	readonly user: string;
	readonly ingest?: Ingest;
	readonly reader?: Reader;
	readonly egress?: Egress;
}

/** A request is answered with no, by a code of the protocol and a sentence. */
class Declined extends Error {
	override readonly name = "Declined";
}

/** One RTMP connection: handshake, then commands; it publishes or plays at most one stream. */
export class RtmpConnection {
	readonly id = newId();
	/** Unix milliseconds. */
	readonly created: number;
	readonly remoteAddress: string;
	readonly #context: RtmpContext;
	readonly #socket: Socket;
	readonly #type: "rtmpConn" | "rtmpsConn";
	readonly #closed: (connection: RtmpConnection) => void;
	readonly #ip: string;
	readonly #openedAt: Millis;
	readonly #chunks: ChunkReader;
	#handshake: Handshake | undefined = new Handshake("server", randomBytes(HANDSHAKE_BYTES));
	#state: SessionState = { at: "new" };
	#part: Part | undefined;
	#chunkBytes = FIRST_CHUNK_BYTES;
	#received = 0;
	#acknowledged = 0;
	#window = WINDOW_BYTES;
	#over = false;
	readonly #disconnected: (() => void) | undefined;
	/** Pictures are waited for. */
	#isWaiting = false;

	/** `closed` is called once, when the connection is gone. */
	constructor(
		context: RtmpContext,
		socket: Socket,
		type: "rtmpConn" | "rtmpsConn",
		closed: (connection: RtmpConnection) => void,
	) {
		this.#context = context;
		this.#socket = socket;
		this.#type = type;
		this.#closed = closed;
		this.#ip = plainAddress(socket.remoteAddress ?? "");
		this.remoteAddress = `${this.#ip}:${socket.remotePort ?? 0}`;
		this.#openedAt = context.hub.clock.now();
		this.created = context.hub.clock.unix();
		this.#chunks = new ChunkReader(COMMAND_BYTES, (message) => this.#message(message));
		this.#disconnected = context.connected?.(type, this.id);
		socket.on("data", (chunk: Buffer) => this.#read(chunk));
		socket.on("error", (error) => this.#close(error.message));
		socket.on("close", () => this.#close("the client closed the connection"));
	}

	/** As MediaMTX's control API writes it. */
	get item() {
		const part = this.#part;
		const outboundBytes = part?.reader?.counters.bytes ?? 0;
		return {
			id: this.id,
			created: new Date(this.created).toISOString(),
			remoteAddr: this.remoteAddress,
			state: part ? (part.ingest ? "publish" : "read") : "idle",
			path: part?.path ?? "",
			query: shownQuery(part?.target.query ?? ""),
			user: part?.user ?? "",
			userAgent: this.#state.at === "new" ? "" : this.#state.userAgent,
			inboundBytes: this.#received,
			outboundBytes,
			outboundFramesDiscarded: part?.reader?.counters.dropped ?? 0,
			bytesReceived: this.#received,
			bytesSent: outboundBytes,
		};
	}

	/** To be called about once a second. */
	tick(now: Millis): void {
		const { requestTimeout } = this.#context;
		const ingest = this.#part?.ingest;
		const isIdle = !this.#part && !this.#isWaiting;
		if (isIdle && now - this.#openedAt > requestTimeout) this.end(`no stream for ${requestTimeout / 1000} s`);
		if (!ingest) return;
		if (now - ingest.lastMessage > requestTimeout) this.end(`no media for ${requestTimeout / 1000} s`);
		else this.#guard(() => ingest.tick(now));
	}

	/** Ends the connection after what has been written. */
	end(reason: string): void {
		this.#close(reason);
		this.#socket.destroySoon();
	}

	#read(chunk: Buffer): void {
		if (this.#over) return;
		this.#received += chunk.length;
		this.#guard(() => {
			if (this.#handshake) this.#shake(this.#handshake, chunk);
			else this.#chunks.push(chunk);
		});
		if (this.#received - this.#acknowledged >= this.#window) {
			this.#acknowledged = this.#received;
			this.#send(acknowledgement(this.#received));
		}
	}

	#shake(handshake: Handshake, chunk: Buffer): void {
		const { reply, rest } = handshake.push(chunk);
		if (reply) this.#socket.write(reply);
		if (!rest) return;
		this.#handshake = undefined;
		if (rest.length > 0) this.#chunks.push(rest);
	}

	/** What the peer does wrong, and what the hub refuses, ends the connection with its reason. */
	#guard(work: () => void): void {
		try {
			work();
		} catch (error) {
			if (error instanceof Refused) this.#refuse("publish", error);
			else if (error instanceof RtmpError || error instanceof AmfError) this.end(error.message);
			else throw error;
		}
	}

	#message(message: Message): void {
		if (this.#over) return;
		switch (message.type) {
			case AUDIO:
			case VIDEO:
			case DATA_AMF0:
			case DATA_AMF3:
				this.#part?.ingest?.message(message, this.#context.hub.clock.now());
				return;
			case AGGREGATE:
				for (const one of splitAggregate(message)) this.#message(one);
				return;
			case WINDOW_SIZE:
				if (message.body.length >= 4) this.#window = Math.max(1, message.body.readUInt32BE(0));
				return;
			case USER_CONTROL:
				this.#control(message.body);
				return;
			default: {
				const command = readCommand(message);
				if (command) this.#command(command);
			}
		}
	}

	#control(body: Buffer): void {
		if (body.length < 6 || body.readUInt16BE(0) !== PING_REQUEST) return;
		this.#send(userControl(PING_RESPONSE, body.readUInt32BE(2)));
	}

	#command(command: Command): void {
		if (command.name === "connect" && this.#state.at === "new") this.#greet();
		const { wish } = this.#take(step(this.#state, command));
		if (wish) this.#obey(wish);
	}

	/** What goes before the answer to `connect`. */
	#greet(): void {
		this.#send(windowSize(WINDOW_BYTES), peerBandwidth(WINDOW_BYTES), setChunkSize(CHUNK_BYTES));
		this.#chunkBytes = CHUNK_BYTES;
	}

	#take(taken: Step): Step {
		this.#state = taken.state;
		this.#send(...taken.replies);
		return taken;
	}

	#obey(wish: Wish): void {
		switch (wish.do) {
			case "leave":
				this.#release("the client left");
				return;
			case "end":
				this.end(wish.reason);
				return;
			default:
				this.#ask(wish.do, wish.name).catch((error: unknown) => this.end(`${error}`));
		}
	}

	/** Finds out whether the client may, and begins or says why not. */
	async #ask(what: "publish" | "play", name: string): Promise<void> {
		const state = this.#state;
		if (state.at !== "asking") return;
		try {
			const target = targetOf(state.app, state.tcUrl, name);
			const path = parsePathName(target.path);
			if (!path) throw new Declined(`the path "${target.path.slice(0, 80)}" ${pathNameFault(target.path)}`);
			const action = what === "publish" ? "publish" : "read";
			const outcome = await this.#context.access.check(target.credentials, action, path, this.#ip);
			if (this.#over || this.#state !== state) return;
			const principal = admitted(outcome, what, path);
			if (what === "publish") return this.#publish(path, target, principal);
			await this.#wake(path, target, principal);
			if (!this.#over && this.#state === state) this.#play(path, target, principal);
		} catch (error) {
			if (!(error instanceof Declined) && !(error instanceof Refused)) throw error;
			if (!this.#over && this.#state === state) this.#refuse(what, error);
		}
	}

	/** Waits for the pictures of a path that sleeps. */
	async #wake(path: PathName, { query }: Target, principal: Principal): Promise<void> {
		this.#isWaiting = true;
		const user = principal.name ?? "";
		try {
			await this.#context.hub.wanted(path, { type: this.#type, user, remoteAddress: this.remoteAddress, query });
		} finally {
			this.#isWaiting = false;
		}
	}

	#publish(path: PathName, target: Target, principal: Principal): void {
		const { hub, maxMessage } = this.#context;
		const info = this.#info(principal);
		hub.demand.check(path, info);
		const ingest = new Ingest(hub, path, info, maxMessage, (reason) => this.#ended(reason));
		this.#part = { path, target, user: principal.name ?? "", ingest };
		this.#chunks.maxMessage = maxMessage;
		this.#take(admit(this.#state, "publish"));
	}

	#play(path: PathName, target: Target, principal: Principal): void {
		const { hub } = this.#context;
		const state = this.#state;
		if (state.at !== "asking") return;
		const stream = hub.find(path);
		const tracks = playableTracks(stream, state.fourCcs);
		if (tracks.length === 0) throw new Declined(unplayable(stream.tracks.map(({ encoding }) => encoding)));
		const user = principal.name ?? "";
		const info = { type: this.#type, id: this.id, remoteAddress: this.remoteAddress, user };
		const reader = hub.read(path, tracks, info, {
			onFrame: (_, now) => this.#part?.egress?.pump(now),
			onEnd: (reason) => this.#ended(reason),
		});
		this.#take(admit(state, "play"));
		this.#nameLeftOut(stream, tracks);
		const egress = new Egress(this.#socket, reader, state.stream, () => hub.clock.now());
		this.#part = { path, target, user, reader, egress };
	}

	/** Kinds of media that the stream has and the player does not get. */
	#nameLeftOut(stream: Stream, taken: readonly number[]): void {
		const covered = new Set([...taken, ...taken.map((index) => stream.madeOf(index))]);
		const leftOut = stream.tracks.flatMap(({ encoding }, index) => {
			if (covered.has(index)) return [];
			return [[encoding, stream.notMade(index)].filter(Boolean).join(": ")];
		});
		if (leftOut.length > 0) this.#context.log.info({ ip: this.#ip, leftOut }, "tracks that this player does not get");
	}

	#info(principal: Principal) {
		const { identity } = principal;
		return { type: this.#type, id: this.id, remoteAddress: this.remoteAddress, identity };
	}

	/** Says no in the protocol's own words, and ends the connection: few clients would do so themselves. */
	#refuse(what: "publish" | "play", error: Declined | Refused): void {
		const { message: reason } = error;
		const { at } = this.#state;
		const stream = at === "asking" || at === "publishing" || at === "playing" ? this.#state.stream : 0;
		const isUnwanted = error instanceof Refused && error.kind === "unwanted";
		const code = isUnwanted ? "NetStream.Publish.Denied" : codes[what];
		this.#send(statusOn(stream, "error", code, reason));
		this.#context.log.info({ ip: this.#ip, reason }, "refused");
		this.end(reason);
	}

	/** The hub ends the publisher or the reader. */
	#ended(reason: string): void {
		const state = this.#state;
		if (state.at === "playing") {
			const gone = statusOn(state.stream, "status", "NetStream.Play.UnpublishNotify", reason);
			this.#send(gone, userControl(STREAM_EOF, state.stream));
		} else if (state.at === "publishing") {
			this.#send(statusOn(state.stream, "error", "NetStream.Publish.BadName", reason));
		}
		this.end(reason);
	}

	#send(...messages: readonly Message[]): void {
		const socket = this.#socket;
		if (messages.length === 0 || !socket.writable) return;
		socket.write(writeMessages(messages, this.#chunkBytes));
		if (socket.writableLength <= MAX_UNSENT_BYTES || this.#part?.egress) return;
		this.#close(`${socket.writableLength} bytes of answers are not read, at most ${MAX_UNSENT_BYTES}`);
		socket.destroy();
	}

	#release(reason: string): void {
		const unknown = this.#part?.ingest?.unknown ?? [];
		if (unknown.length > 0) this.#context.log.warn({ ip: this.#ip, unknown }, "not understood and left out");
		this.#part?.ingest?.close(reason);
		this.#part?.reader?.leave();
		this.#part = undefined;
	}

	#close(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#release(reason);
		this.#context.log.debug({ ip: this.#ip, reason }, "RTMP connection closed");
		this.#disconnected?.();
		this.#closed(this);
	}
}

function admitted(outcome: Outcome, what: "publish" | "play", path: PathName): Principal {
	if (outcome.ok) return outcome.principal;
	throw new Declined(refusal(outcome, what, path));
}

function refusal(outcome: Refusal, what: "publish" | "play", path: PathName): string {
	switch (outcome.reason) {
		case "credentials":
			return "authentication failed: add ?user=NAME&pass=PASSWORD to the address";
		case "forbidden":
			return `this user may not ${what} "${path}"`;
		case "throttled":
			return `too many failed logins, try again in ${Math.ceil(outcome.retryAfterMs / 1000)} s`;
		default:
			return outcome satisfies never;
	}
}

function unplayable(encodings: readonly string[]): string {
	return `this player cannot be sent ${encodings.join(", ")}: it announced no such fourCcList`;
}
