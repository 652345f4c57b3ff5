import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { boundUnsent, connectTcp } from "../../net/tcp.ts";
import { secureTcp } from "../../net/tls.ts";
import { ChunkReader, FIRST_CHUNK_BYTES } from "./chunk-reader.ts";
import { writeMessages } from "./chunk-writer.ts";
import { ClientSession, type ClientStep } from "./client-session.ts";
import { readCommand } from "./command.ts";
import { Handshake } from "./handshake.ts";
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
	splitAggregate,
	USER_CONTROL,
	userControl,
	VIDEO,
	WINDOW_SIZE,
} from "./message.ts";
import { parseAddress, type RtmpAddress } from "./url.ts";

const HANDSHAKE_BYTES = 1528;
/** Bytes after which a server that asked for no window is told what arrived. */
const WINDOW_BYTES = 2_500_000;

export interface ClientOptions {
	/** May hold credentials. */
	readonly url: string;
	readonly goal: "play" | "publish";
	readonly maxMessage: number;
	/** Of the certificate that is taken with rtmps: as `secureTcp` has it; left out: one that the system trusts. */
	readonly fingerprint?: string | undefined;
	/** Ends the attempt, and the connection once it stands. */
	readonly signal: AbortSignal;
	/** Audio, video and data of what is played. What it throws ends the connection. */
	onMedia?(message: Message): void;
}

/** Connects to an RTMP server, and resolves when media may flow. Rejects with the server's reason. */
export async function openRtmpClient(options: ClientOptions): Promise<RtmpClient> {
	const address = parseAddress(options.url);
	const { host, port, tls } = address;
	const plain = await connectTcp(host, port, options.signal);
	const socket = tls ? await secureTcp(plain, host, options.fingerprint ?? "", options.signal) : plain;
	const client = new RtmpClient(socket, address, options);
	return client.opened;
}

/** A connection to an RTMP server. */
export class RtmpClient {
	/** The message stream of the media. */
	stream = 0;
	/** Resolves with this when media may flow. */
	readonly opened: Promise<this>;
	/** The reason why the connection is over. Never rejects. */
	readonly closed: Promise<string>;
	readonly #socket: Socket;
	readonly #options: ClientOptions;
	readonly #session: ClientSession;
	readonly #chunks: ChunkReader;
	#handshake: Handshake | undefined = new Handshake("client", randomBytes(HANDSHAKE_BYTES));
	#chunkBytes = FIRST_CHUNK_BYTES;
	#received = 0;
	#acknowledged = 0;
	#window = WINDOW_BYTES;
	#over = false;
	#resolveOpened!: (client: this) => void;
	#rejectOpened!: (error: Error) => void;
	#resolveClosed!: (reason: string) => void;

	constructor(socket: Socket, address: RtmpAddress, options: ClientOptions) {
		this.#socket = socket;
		this.#options = options;
		this.#session = new ClientSession(address, options.goal);
		this.#chunks = new ChunkReader(options.maxMessage, (message) => this.#message(message));
		this.opened = new Promise((resolve, reject) => {
			this.#resolveOpened = resolve;
			this.#rejectOpened = reject;
		});
		this.closed = new Promise((resolve) => {
			this.#resolveClosed = resolve;
		});
		socket.on("data", (chunk: Buffer) => this.#read(chunk));
		socket.on("error", (error) => this.#end(error.message));
		socket.on("close", () => this.#end("the server closed the connection"));
		options.signal.addEventListener("abort", this.#abort, { once: true });
		if (options.signal.aborted) this.#abort();
		else socket.write(this.#handshake!.hello());
	}

	/** Bytes that were written and have not left this process. */
	get pending(): number {
		return this.#socket.writableLength;
	}

	/** For an `Egress`, which writes media by itself. */
	get socket(): Socket {
		return this.#socket;
	}

	/** Bounds what the kernel holds of a publication of so many bytes a second. */
	bound(bytesPerSecond: number): void {
		boundUnsent(this.#socket, bytesPerSecond);
	}

	/** Sends what a `MediaWriter` made, in one piece. */
	send(parts: readonly Buffer[]): void {
		if (this.#over || !this.#socket.writable) return;
		this.#socket.cork();
		for (const part of parts) this.#socket.write(part);
		this.#socket.uncork();
	}

	/** Says goodbye and ends the connection. */
	close(reason = "closed"): void {
		if (!this.#over) this.#write(this.#session.close());
		this.#end(reason);
	}

	readonly #abort = (): void => {
		const { reason } = this.#options.signal;
		this.close(reason instanceof Error ? reason.message : `${reason}`);
	};

	#read(chunk: Buffer): void {
		if (this.#over) return;
		this.#received += chunk.length;
		try {
			if (this.#handshake) this.#shake(this.#handshake, chunk);
			else this.#chunks.push(chunk);
		} catch (error) {
			this.#end(error instanceof Error ? error.message : `${error}`);
		}
		if (this.#received - this.#acknowledged < this.#window) return;
		this.#acknowledged = this.#received;
		this.#write([acknowledgement(this.#received)]);
	}

	#shake(handshake: Handshake, chunk: Buffer): void {
		const { reply, rest } = handshake.push(chunk);
		if (reply) this.#socket.write(reply);
		if (!rest) return;
		this.#handshake = undefined;
		const [size, ...others] = this.#session.start();
		this.#write([size!]);
		this.#chunkBytes = CHUNK_BYTES;
		this.#write(others);
		if (rest.length > 0) this.#chunks.push(rest);
	}

	#message(message: Message): void {
		if (this.#over) return;
		const { type, body } = message;
		switch (type) {
			case AUDIO:
			case VIDEO:
			case DATA_AMF0:
			case DATA_AMF3:
				this.#options.onMedia?.(message);
				return;
			case AGGREGATE:
				for (const one of splitAggregate(message)) this.#message(one);
				return;
			case WINDOW_SIZE:
				if (body.length >= 4) this.#window = Math.max(1, body.readUInt32BE(0));
				return;
			case USER_CONTROL:
				if (body.length < 6 || body.readUInt16BE(0) !== PING_REQUEST) return;
				this.#write([userControl(PING_RESPONSE, body.readUInt32BE(2))]);
				return;
			default: {
				const command = readCommand(message);
				if (command) this.#obey(this.#session.command(command));
			}
		}
	}

	#obey(step: ClientStep): void {
		if (step.do === "end") {
			this.#end(step.reason);
			return;
		}
		this.#write(step.send);
		if (step.do !== "live") return;
		this.stream = step.stream;
		this.#resolveOpened(this);
	}

	#write(messages: readonly Message[]): void {
		if (messages.length > 0 && this.#socket.writable) this.#socket.write(writeMessages(messages, this.#chunkBytes));
	}

	#end(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#options.signal.removeEventListener("abort", this.#abort);
		this.#socket.destroySoon();
		this.#rejectOpened(new Error(reason));
		this.#resolveClosed(reason);
	}
}
