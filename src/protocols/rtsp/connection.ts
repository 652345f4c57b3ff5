import type { Socket } from "node:net";
import { plainAddress } from "../../access/addresses.ts";
import { formatAddress } from "../../config/address.ts";
import { newId } from "../../hub/path.ts";
import type { Millis } from "../../media/time.ts";
import { receiveInPlace } from "../../net/tcp-receive.ts";
import { writtenDirectly } from "../../net/tcp-send.ts";
import type { RtspContext } from "./context.ts";
import { Declined } from "./declined.ts";
import type { ConnectionState } from "./items.ts";
import { headerOf, type Message, type Request, RtspError, writeResponse } from "./message.ts";
import type { Peer } from "./player.ts";
import { type Answer, Requests } from "./requests.ts";
import { StreamParser, type StreamSink } from "./stream-parser.ts";

/** Requests that may wait for the one that is being answered. */
const MAX_WAITING = 32;
/** Bytes that may wait for a client that asks and does not read: more than media ever leaves there. */
const MAX_UNSENT_BYTES = 2_097_152;
/** Letters of what a client says of itself that are kept. */
const MAX_USER_AGENT = 1000;
/** A login is asked for, another transport: clients go on from there. */
const NEGOTIATION = new Set([401, 461]);

/** One RTSP connection: requests are answered one after the other; it holds at most one session, which ends with it. */
export class RtspConnection implements StreamSink, Peer {
	readonly socket: Socket;
	readonly ip: string;
	readonly remoteAddress: string;
	readonly localIp: string;
	readonly id = newId();
	readonly #context: RtspContext;
	readonly #parser: StreamParser;
	readonly #requests: Requests;
	readonly #closed: (connection: RtspConnection) => void;
	readonly #waiting: Request[] = [];
	/** Unix milliseconds. */
	readonly #created: number;
	readonly #disconnected: (() => void) | undefined;
	#userAgent = "";
	#busy = false;
	#over = false;
	/** What cannot be read any further; told once all requests before it are answered. */
	#fault: RtspError | undefined;
	#lastRequest: Millis;
	/** When the chunk came that is being read. */
	#chunkAt: Millis = 0;

	/** Takes over a socket that was just accepted. `closed` is called once, when the connection is gone. */
	constructor(context: RtspContext, socket: Socket, closed: (connection: RtspConnection) => void) {
		this.#context = context;
		this.socket = receiveInPlace(socket, (bytes, length) => this.#read(bytes, length));
		this.ip = plainAddress(this.socket.remoteAddress ?? "");
		this.remoteAddress = formatAddress({ host: this.ip, port: this.socket.remotePort ?? 0 });
		this.localIp = plainAddress(this.socket.localAddress ?? "");
		this.#closed = closed;
		this.#lastRequest = context.hub.clock.now();
		this.#created = context.hub.clock.unix();
		this.#disconnected = context.connected?.(`${context.scheme}Conn`, this.id);
		this.#parser = new StreamParser(this);
		this.#requests = new Requests(context, this);
		this.socket.on("error", (error) => this.#close(error.message));
		this.socket.on("close", () => this.#close("the client closed the connection"));
	}

	/** How it is, for the API. */
	get state(): ConnectionState {
		return {
			id: this.id,
			created: this.#created,
			remoteAddress: this.remoteAddress,
			bytesRead: this.socket.bytesRead,
			bytesWritten: this.socket.bytesWritten + writtenDirectly(this.socket),
			userAgent: this.#userAgent,
			session: this.#requests.session,
		};
	}

	/** Called by the parser. */
	packet(channel: number, buffer: Uint8Array, offset: number, length: number): void {
		this.#requests.part?.packet(channel, buffer, offset, length, this.#chunkAt);
	}

	/** Called by the parser. */
	message(message: Message): void {
		// Answers are to what we never ask.
		if (message.kind === "response") return;
		if (this.#waiting.length >= MAX_WAITING) throw new RtspError(400, `more than ${MAX_WAITING} requests at once`);
		this.#waiting.push(message);
		if (!this.#busy) this.#work().catch((error: unknown) => this.end(`${error}`));
	}

	/** To be called about once a second. */
	tick(now: Millis): void {
		const { requestTimeout, sessionTimeout } = this.#context;
		this.#requests.part?.tick(now);
		const { part, playsTcp } = this.#requests;
		if (!part) {
			const isIdle = !this.#busy && now - this.#lastRequest > requestTimeout;
			if (isIdle) this.end(`no request for ${requestTimeout / 1000} s`);
			return;
		}
		// Over TCP a player shows its life by taking what it is sent.
		const heard = Math.max(this.#lastRequest, part.lastHeard);
		if (!playsTcp && now - heard > sessionTimeout) this.end(`no sign of life for ${sessionTimeout / 1000} s`);
	}

	/** Ends the connection after what has been written. */
	end(reason: string): void {
		this.#close(reason);
		this.socket.destroySoon();
	}

	#read(bytes: Buffer, length: number): void {
		if (this.#over || this.#fault) return;
		this.#chunkAt = this.#context.hub.clock.now();
		try {
			this.#parser.push(bytes, length);
		} catch (error) {
			if (!(error instanceof RtspError)) throw error;
			this.#fault = error;
			if (!this.#busy) this.#giveUp(error);
		}
	}

	#giveUp({ status, message }: RtspError): void {
		this.socket.write(writeResponse(status, [], "", message));
		this.end(message);
	}

	#close(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#parser.stop();
		this.#requests.release(reason);
		this.#context.log.debug({ ip: this.ip, reason }, "RTSP connection closed");
		this.#disconnected?.();
		this.#closed(this);
	}

	async #work(): Promise<void> {
		this.#busy = true;
		for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
			const answering = this.#answer(request);
			const answer =
				answering instanceof Promise ? await answering.catch((error: unknown) => this.#declined(error)) : answering;
			if (this.#over) {
				// What was set up while the client left.
				this.#requests.release("the client closed the connection");
				break;
			}
			this.#lastRequest = this.#context.hub.clock.now();
			this.#send(request, answer);
			answer.after?.();
		}
		this.#busy = false;
		if (this.#fault && !this.#over) this.#giveUp(this.#fault);
	}

	#answer(request: Request): Answer | Promise<Answer> {
		this.#lastRequest = this.#context.hub.clock.now();
		if (this.#userAgent === "") this.#userAgent = (headerOf(request, "user-agent") ?? "").slice(0, MAX_USER_AGENT);
		try {
			return this.#requests.answer(request);
		} catch (error) {
			return this.#declined(error);
		}
	}

	/** A fault of ours is told in the log: the client can do nothing about it. */
	#declined(error: unknown): Answer {
		if (error instanceof Declined) {
			const { status, headers, message: reason } = error;
			if (!NEGOTIATION.has(status)) this.#context.refused({ ip: this.ip, status: String(status), reason });
			return { status, headers, reason };
		}
		this.#context.log.error({ ip: this.ip, err: error }, "an RTSP request failed");
		return { status: 500 };
	}

	#send(request: Request, { status, headers = [], body, reason }: Answer): void {
		const sequence = headerOf(request, "cseq");
		const head: [string, string][] = sequence === undefined ? [] : [["CSeq", sequence]];
		this.socket.write(writeResponse(status, [...head, ["Server", "Vedette"], ...headers], body, reason));
		const { writableLength } = this.socket;
		if (writableLength <= MAX_UNSENT_BYTES) return;
		this.#close(`${writableLength} bytes of answers are not read, at most ${MAX_UNSENT_BYTES}`);
		this.socket.destroy();
	}
}
