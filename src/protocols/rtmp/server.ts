import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { TlsMaterial } from "../../access/tls.ts";
import type { Address } from "../../config/address.ts";
import { type Listener, listenTcp } from "../../net/tcp.ts";
import { RtmpConnection } from "./connection.ts";
import type { RtmpContext } from "./context.ts";

const TICK_MS = 1000;

export interface RtmpSettings {
	readonly address: readonly Address[];
	readonly maxConnections: number;
}

/** One RTMP or RTMPS server: its ports and its connections. */
export class RtmpServer implements AsyncDisposable {
	/** Connections that were turned away because there were too many. */
	turnedAway = 0;
	readonly #context: RtmpContext;
	readonly #settings: RtmpSettings;
	readonly #tls: TlsMaterial | undefined;
	readonly #connections = new Map<string, RtmpConnection>();
	/** Connections whose TLS handshake goes on. */
	readonly #greeting = new Set<TLSSocket>();
	readonly #listeners: Listener[] = [];
	readonly #timer: NodeJS.Timeout;

	private constructor(context: RtmpContext, settings: RtmpSettings, tls: TlsMaterial | undefined) {
		this.#context = context;
		this.#settings = settings;
		this.#tls = tls;
		this.#timer = setInterval(() => this.#tick(), TICK_MS);
	}

	/** Opens the ports; RTMPS where there is a certificate. Rejects with Node's error codes where one is taken. */
	static async listen(context: RtmpContext, settings: RtmpSettings, tls?: TlsMaterial): Promise<RtmpServer> {
		const server = new RtmpServer(context, settings, tls);
		try {
			for (const { host, port } of settings.address) {
				server.#listeners.push(await listenTcp(host, port, (socket) => server.#accept(socket)));
			}
		} catch (error) {
			await server.close();
			throw error;
		}
		return server;
	}

	/** The ports that are listened on, in the order of the addresses. */
	get ports(): readonly number[] {
		return this.#listeners.map((listener) => listener.port);
	}

	get connections(): number {
		return this.#connections.size + this.#greeting.size;
	}

	/** All connections, in MediaMTX's shape. */
	list() {
		return [...this.#connections.values()].map(({ item }) => item);
	}

	/** Ends a connection; false where there is none. */
	kick(id: string): boolean {
		const connection = this.#connections.get(id);
		connection?.end("ended by the control API");
		return connection !== undefined;
	}

	/** Ends all connections and closes the ports. */
	async close(): Promise<void> {
		clearInterval(this.#timer);
		for (const connection of [...this.#connections.values()]) connection.end("the relay is going down");
		for (const socket of this.#greeting) socket.destroy();
		await Promise.all(this.#listeners.map((listener) => listener.close()));
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	#accept(socket: Socket): void {
		if (this.connections >= this.#settings.maxConnections) {
			this.turnedAway++;
			socket.destroy();
		} else if (this.#tls) this.#secure(socket, this.#tls);
		else this.#begin(socket, "rtmpConn");
	}

	/** TLS first; who does not finish it in time is left. */
	#secure(plain: Socket, tls: TlsMaterial): void {
		const socket = new TLSSocket(plain, { isServer: true, secureContext: tls.context });
		this.#greeting.add(socket);
		const timer = setTimeout(() => socket.destroy(), this.#context.requestTimeout);
		socket.on("error", () => socket.destroy());
		socket.once("close", () => {
			clearTimeout(timer);
			this.#greeting.delete(socket);
		});
		socket.once("secure", () => {
			this.#greeting.delete(socket);
			clearTimeout(timer);
			this.#begin(socket, "rtmpsConn");
		});
	}

	#begin(socket: Socket, type: "rtmpConn" | "rtmpsConn"): void {
		const closed = ({ id }: RtmpConnection): void => void this.#connections.delete(id);
		const connection = new RtmpConnection(this.#context, socket, type, closed);
		this.#connections.set(connection.id, connection);
	}

	#tick(): void {
		const now = this.#context.hub.clock.now();
		for (const connection of this.#connections.values()) connection.tick(now);
	}
}
