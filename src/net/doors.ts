import type { Socket } from "node:net";
import type { TlsMaterial } from "../access/tls.ts";
import type { Address } from "../config/address.ts";
import type { Millis } from "../media/time.ts";
import { Greetings, type Take } from "./greetings.ts";
import { type Listener, listenTcp } from "./tcp.ts";

export interface DoorSettings {
	readonly address: readonly Address[];
	readonly maxConnections: number;
}

/** Where clients go that speak TLS at a port that is open to others too. */
export interface SecureWay {
	readonly tls: TlsMaterial;
	/** Takes over a connection behind its handshake. */
	readonly enter: Take;
}

/** What comes in by the doors of one server. */
export interface DoorOptions extends DoorSettings {
	/** With it every connection begins with a TLS handshake. */
	readonly tls?: TlsMaterial | undefined;
	/** With it clients may begin with one. */
	readonly beside?: SecureWay | undefined;
	/** A client that has not spoken by then, or not finished its handshake, is left. */
	readonly greetMs: Millis;
	/** How many connections there are, apart from those in their handshake. */
	readonly count: () => number;
	readonly begin: Take;
}

/** The TCP ports of one server, open or with TLS, and the limit on how many may come in. */
export class Doors {
	/** Connections that were turned away because there were too many. */
	turnedAway = 0;
	readonly #options: DoorOptions;
	readonly #greetings: Greetings;
	readonly #listeners: Listener[] = [];

	private constructor(options: DoorOptions) {
		this.#options = options;
		this.#greetings = new Greetings(options.greetMs);
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
		return this.#options.count() + this.#greetings.size;
	}

	/** Takes no more connections, and ends those in their handshake. */
	async close(): Promise<void> {
		this.#greetings.close();
		await Promise.all(this.#listeners.map((listener) => listener.close()));
	}

	/** Takes in who came by the doors of another server. */
	enter(socket: Socket): void {
		if (this.#hasRoom(socket)) this.#options.begin(socket);
	}

	#accept(socket: Socket): void {
		const { tls, beside, begin } = this.#options;
		if (!this.#hasRoom(socket)) return;
		if (tls) this.#greetings.secure(socket, tls.context, begin);
		else if (beside) this.#greetings.either(socket, () => beside.tls.context, begin, beside.enter);
		else begin(socket);
	}

	/** Whether one more may come in; who may not is turned away. */
	#hasRoom(socket: Socket): boolean {
		if (this.connections < this.#options.maxConnections) return true;
		this.turnedAway++;
		socket.destroy();
		return false;
	}
}
