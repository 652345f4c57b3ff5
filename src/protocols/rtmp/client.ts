import type { Socket } from "node:net";
import { failureOf } from "../../net/server-refusal.ts";
import { boundUnsent, connectTcp } from "../../net/tcp.ts";
import { secureTcp } from "../../net/tls.ts";
import { ClientSession, type ClientStep } from "./client-session.ts";
import { Link } from "./link.ts";
import type { Message } from "./message.ts";
import { parseAddress, type RtmpAddress } from "./url.ts";

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
	readonly #link: Link;
	#over = false;
	#resolveOpened!: (client: this) => void;
	#rejectOpened!: (error: Error) => void;
	#resolveClosed!: (reason: string) => void;

	constructor(socket: Socket, address: RtmpAddress, options: ClientOptions) {
		this.#socket = socket;
		this.#options = options;
		this.#session = new ClientSession(address, options.goal);
		this.#link = new Link("client", options.maxMessage, {
			write: (bytes) => this.send([bytes]),
			opened: () => this.#link.send(...this.#session.start()),
			media: (message) => options.onMedia?.(message),
			command: (command) => this.#obey(this.#session.command(command)),
		});
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
		else this.#link.hello();
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
		if (!this.#over) this.#link.send(...this.#session.close());
		this.#end(reason);
	}

	readonly #abort = (): void => {
		const { reason } = this.#options.signal;
		this.close(reason instanceof Error ? reason.message : `${reason}`);
	};

	#read(chunk: Buffer): void {
		try {
			this.#link.push(chunk);
		} catch (error) {
			this.#end(error instanceof Error ? error.message : `${error}`);
		}
	}

	#obey(step: ClientStep): void {
		if (step.do === "end") {
			this.#end(step.reason, step.status);
			return;
		}
		this.#link.send(...step.send);
		if (step.do !== "live") return;
		this.stream = step.stream;
		this.#resolveOpened(this);
	}

	#end(reason: string, status?: number): void {
		if (this.#over) return;
		this.#over = true;
		this.#link.stop();
		this.#options.signal.removeEventListener("abort", this.#abort);
		this.#socket.destroySoon();
		this.#rejectOpened(failureOf(reason, status));
		this.#resolveClosed(reason);
	}
}
