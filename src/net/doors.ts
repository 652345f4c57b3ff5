import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { TlsMaterial } from "../access/tls.ts";
import type { Address } from "../config/address.ts";
import type { Millis } from "../media/time.ts";
import { type Listener, listenTcp } from "./tcp.ts";

export interface DoorSettings {
	readonly address: readonly Address[];
	readonly maxConnections: number;
}

/** What comes in by the doors of one server. */
export interface DoorOptions extends DoorSettings {
	/** With it every connection begins with a TLS handshake. */
	readonly tls?: TlsMaterial | undefined;
	/** A TLS handshake that takes longer ends the connection. */
	readonly greetMs: Millis;
	/** How many connections there are, apart from those in their handshake. */
	readonly count: () => number;
	/** Takes over a connection. */
	readonly begin: (socket: Socket) => void;
}

/** The TCP ports of one server, open or with TLS, and the limit on how many may come in. */
export class Doors {
	/** Connections that were turned away because there were too many. */
	turnedAway = 0;
	readonly #options: DoorOptions;
	/** Connections whose TLS handshake goes on. */
	readonly #greeting = new Set<TLSSocket>();
	readonly #listeners: Listener[] = [];

	private constructor(options: DoorOptions) {
		this.#options = options;
	}

	/** Opens the ports. Rejects with Node's error codes where one is taken. */
	static async open(options: DoorOptions): Promise<Doors> {
		const doors = new Doors(options);
		try {
			for (const { host, port } of options.address) {
				doors.#listeners.push(await listenTcp(host, port, (socket) => doors.#accept(socket)));
			}
			return doors;
		} catch (error) {
			await doors.close();
			throw error;
		}
	}

	/** The ports that are listened on, in the order of the addresses. */
	get ports(): readonly number[] {
		return this.#listeners.map((listener) => listener.port);
	}

	/** Connections, those in their handshake among them. */
	get connections(): number {
		return this.#options.count() + this.#greeting.size;
	}

	/** Takes no more connections, and ends those in their handshake. */
	async close(): Promise<void> {
		for (const socket of this.#greeting) socket.destroy();
		await Promise.all(this.#listeners.map((listener) => listener.close()));
	}

	#accept(socket: Socket): void {
		const { maxConnections, tls, begin } = this.#options;
		if (this.connections >= maxConnections) {
			this.turnedAway++;
			socket.destroy();
		} else if (tls) this.#greet(socket, tls);
		else begin(socket);
	}

	#greet(plain: Socket, { context: secureContext }: TlsMaterial): void {
		const socket = new TLSSocket(plain, { isServer: true, secureContext });
		this.#greeting.add(socket);
		const timer = setTimeout(() => socket.destroy(), this.#options.greetMs);
		socket.on("error", () => socket.destroy());
		socket.once("close", () => {
			clearTimeout(timer);
			this.#greeting.delete(socket);
		});
		socket.once("secure", () => {
			clearTimeout(timer);
			this.#greeting.delete(socket);
			this.#options.begin(socket);
		});
	}
}
