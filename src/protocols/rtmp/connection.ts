import type { Socket } from "node:net";
import type { Principal } from "../../access/access.ts";
import { plainAddress } from "../../access/addresses.ts";
import { formatAddress } from "../../config/address.ts";
import { newId } from "../../hub/path.ts";
import type { Reader } from "../../hub/reader.ts";
import { Refused } from "../../hub/refused.ts";
import type { Stream } from "../../hub/stream.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { LOCKED } from "../../net/server-refusal.ts";
import { shownQuery } from "../../observe/secrets.ts";
import { admitted, Declined } from "./admission.ts";
import { AmfError } from "./amf0.ts";
import { type Command, statusOn } from "./command.ts";
import type { RtmpContext } from "./context.ts";
import { Egress, playableTracks } from "./egress.ts";
import { Ingest } from "./ingest.ts";
import { Link, WINDOW_BYTES } from "./link.ts";
import { CHUNK_BYTES } from "./media-writer.ts";
import { peerBandwidth, RtmpError, STREAM_EOF, setChunkSize, userControl, windowSize } from "./message.ts";
import { admit, type SessionState, type Step, step, type Wish } from "./session.ts";
import { type Target, targetOf } from "./url.ts";

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
	readonly #link: Link;
	#state: SessionState = { at: "new" };
	#part: Part | undefined;
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
		this.remoteAddress = formatAddress({ host: this.#ip, port: socket.remotePort ?? 0 });
		this.#openedAt = context.hub.clock.now();
		this.created = context.hub.clock.unix();
		this.#link = new Link("server", COMMAND_BYTES, {
			write: (bytes) => this.#write(bytes),
			media: (message) => this.#part?.ingest?.message(message, context.hub.clock.now()),
			command: (command) => this.#command(command),
		});
		this.#disconnected = context.connected?.(type, this.id);
		socket.on("data", (chunk: Buffer) => this.#guard(() => this.#link.push(chunk)));
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
			inboundBytes: this.#link.received,
			outboundBytes,
			outboundFramesDiscarded: part?.reader?.counters.dropped ?? 0,
			bytesReceived: this.#link.received,
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

	#command(command: Command): void {
		if (command.name === "connect" && this.#state.at === "new") this.#greet();
		const { wish } = this.#take(step(this.#state, command));
		if (wish) this.#obey(wish);
	}

	/** What goes before the answer to `connect`. */
	#greet(): void {
		this.#link.send(windowSize(WINDOW_BYTES), peerBandwidth(WINDOW_BYTES), setChunkSize(CHUNK_BYTES));
	}

	#take(taken: Step): Step {
		this.#state = taken.state;
		this.#link.send(...taken.replies);
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
			const { path, principal } = await admitted(this.#context.access, what, target, this.#ip);
			if (this.#over || this.#state !== state) return;
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
		this.#link.maxMessage = maxMessage;
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
		const status = error instanceof Declined ? error.status : isUnwanted ? LOCKED : undefined;
		this.#link.send(statusOn(stream, "error", code, reason, status));
		this.#context.log.info({ ip: this.#ip, reason }, "refused");
		this.end(reason);
	}

	/** The hub ends the publisher or the reader. */
	#ended(reason: string): void {
		const state = this.#state;
		if (state.at === "playing") {
			const gone = statusOn(state.stream, "status", "NetStream.Play.UnpublishNotify", reason);
			this.#link.send(gone, userControl(STREAM_EOF, state.stream));
		} else if (state.at === "publishing") {
			this.#link.send(statusOn(state.stream, "error", "NetStream.Publish.BadName", reason));
		}
		this.end(reason);
	}

	#write(bytes: Buffer): void {
		const socket = this.#socket;
		if (!socket.writable) return;
		socket.write(bytes);
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
		this.#link.stop();
		this.#release(reason);
		this.#context.log.debug({ ip: this.#ip, reason }, "RTMP connection closed");
		this.#disconnected?.();
		this.#closed(this);
	}
}

function unplayable(encodings: readonly string[]): string {
	return `this player cannot be sent ${encodings.join(", ")}: it announced no such fourCcList`;
}
