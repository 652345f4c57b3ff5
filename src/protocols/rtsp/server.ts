import type { Socket } from "node:net";
import type { Address } from "../../config/address.ts";
import { type Listener, listenTcp } from "../../net/tcp.ts";
import { RtspConnection } from "./connection.ts";
import type { RtspContext } from "./context.ts";
import { connectionItem, type Item, sessionItem } from "./items.ts";
import type { Pair } from "./transport.ts";

const TICK_MS = 1000;

export interface RtspSettings {
	readonly address: readonly Address[];
	readonly maxConnections: number;
}

/** The RTSP server: its ports and its connections. */
export class RtspServer implements AsyncDisposable {
	/** Connections that were turned away because there were too many. */
	turnedAway = 0;
	readonly #context: RtspContext;
	readonly #settings: RtspSettings;
	readonly #connections = new Set<RtspConnection>();
	readonly #listeners: Listener[] = [];
	readonly #timer: NodeJS.Timeout;

	private constructor(context: RtspContext, settings: RtspSettings) {
		this.#context = context;
		this.#settings = settings;
		this.#timer = setInterval(() => this.#tick(), TICK_MS);
	}

	/** Opens the TCP ports. Rejects with Node's error codes where one is taken. */
	static async listen(context: RtspContext, settings: RtspSettings): Promise<RtspServer> {
		const server = new RtspServer(context, settings);
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

	/** The UDP ports for RTP and RTCP; undefined where there is no UDP. */
	get udpPorts(): Pair | undefined {
		return this.#context.udp?.ports;
	}

	/** UDP packets that fitted no session, or two. */
	get strays(): number {
		return this.#context.udp?.routes.strays ?? 0;
	}

	get connections(): number {
		return this.#connections.size;
	}

	/** For the control API: connections, which are only told. */
	readonly connectionSource = { list: (): readonly Item[] => this.#states.map(connectionItem) };

	/** For the control API: sessions. Who is kicked loses the connection too. */
	readonly sessionSource = {
		list: (): readonly Item[] => this.#states.flatMap((state) => sessionItem(state) ?? []),
		kick: (id: string): boolean => {
			const found = [...this.#connections].find(({ state }) => state.session?.id === id);
			found?.end("ended by the control API");
			return found !== undefined;
		},
	};

	get #states() {
		return [...this.#connections].map(({ state }) => state);
	}

	/** Ends all connections and closes the TCP ports; whoever opened the UDP ports closes them. */
	async close(): Promise<void> {
		clearInterval(this.#timer);
		for (const connection of [...this.#connections]) connection.end("the relay is going down");
		await Promise.all(this.#listeners.map((listener) => listener.close()));
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	#accept(socket: Socket): void {
		if (this.#connections.size >= this.#settings.maxConnections) {
			this.turnedAway++;
			socket.destroy();
			return;
		}
		this.#connections.add(new RtspConnection(this.#context, socket, (one) => this.#connections.delete(one)));
	}

	#tick(): void {
		const now = this.#context.hub.clock.now();
		for (const connection of this.#connections) connection.tick(now);
	}
}
