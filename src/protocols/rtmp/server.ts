import type { Socket } from "node:net";
import type { TlsMaterial } from "../../access/tls.ts";
import type { DoorSettings } from "../../net/doors.ts";
import { TcpServer } from "../../net/tcp-server.ts";
import { RtmpConnection } from "./connection.ts";
import type { RtmpContext } from "./context.ts";

/** One RTMP or RTMPS server: its ports and its connections. */
export class RtmpServer extends TcpServer<RtmpConnection> {
	readonly #context: RtmpContext;
	readonly #type: "rtmpConn" | "rtmpsConn";

	private constructor(context: RtmpContext, type: "rtmpConn" | "rtmpsConn") {
		super(() => context.hub.clock.now());
		this.#context = context;
		this.#type = type;
	}

	/** Opens the ports; RTMPS where there is a certificate. Rejects with Node's error codes where one is taken. */
	static async listen(context: RtmpContext, settings: DoorSettings, tls?: TlsMaterial): Promise<RtmpServer> {
		const server = new RtmpServer(context, tls ? "rtmpsConn" : "rtmpConn");
		return server.open({ ...settings, tls, greetMs: context.requestTimeout });
	}

	/** All connections, in MediaMTX's shape. */
	list() {
		return this.all.map(({ item }) => item);
	}

	/** Ends a connection; false where there is none. */
	kick(id: string): boolean {
		const connection = this.all.find((one) => one.id === id);
		connection?.end("ended by the control API");
		return connection !== undefined;
	}

	protected override take(socket: Socket, closed: (connection: RtmpConnection) => void): RtmpConnection {
		return new RtmpConnection(this.#context, socket, this.#type, closed);
	}
}
