import type { Socket } from "node:net";
import type { TlsMaterial } from "../../access/tls.ts";
import { type DoorOptions, type DoorSettings, Doors, type SecureWay } from "../../net/doors.ts";
import { RtspConnection } from "./connection.ts";
import type { RtspContext } from "./context.ts";
import { connectionItem, type Item, sessionItem } from "./items.ts";
import type { Pair } from "./transport.ts";

const TICK_MS = 1000;

/** What connections share, whichever way they come. */
type ServerContext = Omit<RtspContext, "scheme">;

/** The ports of a server, and who may speak TLS there. */
type Settings = Pick<DoorOptions, "address" | "maxConnections" | "tls" | "beside">;

/** One RTSP or RTSPS server: its ports and its connections. */
export class RtspServer implements AsyncDisposable {
	readonly #context: RtspContext;
	readonly #connections = new Set<RtspConnection>();
	readonly #timer: NodeJS.Timeout;
	#doors: Doors | undefined;

	private constructor(context: RtspContext) {
		this.#context = context;
		this.#timer = setInterval(() => this.#tick(), TICK_MS);
	}

	/**
	 * Opens the TCP ports for RTSP. Clients may speak TLS there too, and are the server's of RTSPS then. Rejects with Node's
	 * error codes where a port is taken.
	 */
	static async listen(context: ServerContext, settings: DoorSettings, beside?: SecureWay): Promise<RtspServer> {
		return RtspServer.#open({ ...context, scheme: "rtsp" }, { ...settings, beside });
	}

	/**
	 * Opens the TCP ports for RTSPS, where media comes by the same connections alone: UDP would carry it in the clear.
	 * Rejects as `listen` does.
	 */
	static async listenSecure(context: ServerContext, settings: DoorSettings, tls: TlsMaterial): Promise<RtspServer> {
		return RtspServer.#open({ ...context, udp: undefined, scheme: "rtsps" }, { ...settings, tls });
	}

	static async #open(context: RtspContext, settings: Settings): Promise<RtspServer> {
		const server = new RtspServer(context);
		const count = (): number => server.#connections.size;
		const begin = (socket: Socket): void => server.#begin(socket);
		try {
			server.#doors = await Doors.open({ ...settings, greetMs: context.requestTimeout, count, begin });
			return server;
		} catch (error) {
			await server.close();
			throw error;
		}
	}

	/** The ports that are listened on, in the order of the addresses. */
	get ports(): readonly number[] {
		return this.#doors?.ports ?? [];
	}

	/** Connections that were turned away because there were too many. */
	get turnedAway(): number {
		return this.#doors?.turnedAway ?? 0;
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
		return this.#doors?.connections ?? 0;
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

	/** Takes in a client of TLS that came by the ports of another server. */
	enter(socket: Socket): void {
		this.#doors?.enter(socket);
	}

	/** Ends all connections and closes the TCP ports; whoever opened the UDP ports closes them. */
	async close(): Promise<void> {
		clearInterval(this.#timer);
		for (const connection of [...this.#connections]) connection.end("the relay is going down");
		await this.#doors?.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	#begin(socket: Socket): void {
		this.#connections.add(new RtspConnection(this.#context, socket, (one) => this.#connections.delete(one)));
	}

	#tick(): void {
		const now = this.#context.hub.clock.now();
		for (const connection of this.#connections) connection.tick(now);
	}
}
