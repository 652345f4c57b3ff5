import type { Socket } from "node:net";
import type { TlsMaterial } from "../../access/tls.ts";
import type { DoorSettings, SecureWay } from "../../net/doors.ts";
import { TcpServer } from "../../net/tcp-server.ts";
import { RtspConnection } from "./connection.ts";
import type { RtspContext } from "./context.ts";
import { connectionItem, type Item, sessionItem } from "./items.ts";
import type { Pair } from "./transport.ts";

/** What connections share, whichever way they come. */
type ServerContext = Omit<RtspContext, "scheme">;

/** One RTSP or RTSPS server: its ports and its connections. UDP ports are closed by whoever opened them. */
export class RtspServer extends TcpServer<RtspConnection> {
	readonly #context: RtspContext;

	private constructor(context: RtspContext) {
		super(() => context.hub.clock.now());
		this.#context = context;
	}

	/**
	 * Opens the TCP ports for RTSP. Clients may speak TLS there too, and are the server's of RTSPS then. Rejects with Node's
	 * error codes where a port is taken.
	 */
	static async listen(context: ServerContext, settings: DoorSettings, beside?: SecureWay): Promise<RtspServer> {
		const server = new RtspServer({ ...context, scheme: "rtsp" });
		return server.open({ ...settings, beside, greetMs: context.requestTimeout });
	}

	/**
	 * Opens the TCP ports for RTSPS, where media comes by the same connections alone: UDP would carry it in the clear.
	 * Rejects as `listen` does.
	 */
	static async listenSecure(context: ServerContext, settings: DoorSettings, tls: TlsMaterial): Promise<RtspServer> {
		const server = new RtspServer({ ...context, udp: undefined, scheme: "rtsps" });
		return server.open({ ...settings, tls, greetMs: context.requestTimeout });
	}

	/** The UDP ports for RTP and RTCP; undefined where there is no UDP. */
	get udpPorts(): Pair | undefined {
		return this.#context.udp?.ports;
	}

	/** UDP packets that fitted no session, or two. */
	get strays(): number {
		return this.#context.udp?.routes.strays ?? 0;
	}

	/** For the control API: connections, which are only told. */
	readonly connectionSource = { list: (): readonly Item[] => this.#states.map(connectionItem) };

	/** For the control API: sessions. Who is kicked loses the connection too. */
	readonly sessionSource = {
		list: (): readonly Item[] => this.#states.flatMap((state) => sessionItem(state) ?? []),
		kick: (id: string): boolean => {
			const found = this.all.find(({ state }) => state.session?.id === id);
			found?.end("ended by the control API");
			return found !== undefined;
		},
	};

	protected override take(socket: Socket, closed: (connection: RtspConnection) => void): RtspConnection {
		return new RtspConnection(this.#context, socket, closed);
	}

	get #states() {
		return this.all.map(({ state }) => state);
	}
}
