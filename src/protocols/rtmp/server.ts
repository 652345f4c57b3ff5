import type { Socket } from "node:net";
import type { TlsMaterial } from "../../access/tls.ts";
import { type DoorSettings, Doors } from "../../net/doors.ts";
import { RtmpConnection } from "./connection.ts";
import type { RtmpContext } from "./context.ts";

const TICK_MS = 1000;

/** One RTMP or RTMPS server: its ports and its connections. */
export class RtmpServer implements AsyncDisposable {
	readonly #context: RtmpContext;
	readonly #type: "rtmpConn" | "rtmpsConn";
	readonly #connections = new Map<string, RtmpConnection>();
	readonly #timer: NodeJS.Timeout;
	#doors: Doors | undefined;

	private constructor(context: RtmpContext, type: "rtmpConn" | "rtmpsConn") {
		this.#context = context;
		this.#type = type;
		this.#timer = setInterval(() => this.#tick(), TICK_MS);
	}

	/** Opens the ports; RTMPS where there is a certificate. Rejects with Node's error codes where one is taken. */
	static async listen(context: RtmpContext, settings: DoorSettings, tls?: TlsMaterial): Promise<RtmpServer> {
		const server = new RtmpServer(context, tls ? "rtmpsConn" : "rtmpConn");
		const count = (): number => server.#connections.size;
		const begin = (socket: Socket): void => server.#begin(socket);
		try {
			server.#doors = await Doors.open({ ...settings, tls, greetMs: context.requestTimeout, count, begin });
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

	get connections(): number {
		return this.#doors?.connections ?? 0;
	}

	/** Connections that were turned away because there were too many. */
	get turnedAway(): number {
		return this.#doors?.turnedAway ?? 0;
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
		await this.#doors?.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	#begin(socket: Socket): void {
		const closed = ({ id }: RtmpConnection): void => void this.#connections.delete(id);
		const connection = new RtmpConnection(this.#context, socket, this.#type, closed);
		this.#connections.set(connection.id, connection);
	}

	#tick(): void {
		const now = this.#context.hub.clock.now();
		for (const connection of this.#connections.values()) connection.tick(now);
	}
}
