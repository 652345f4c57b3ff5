import type { Socket } from "node:net";
import type { Millis } from "../media/time.ts";
import { type DoorOptions, Doors } from "./doors.ts";

const TICK_MS = 1000;

/** What a server knows of a connection. */
export interface Connection {
	/** Called once a second. */
	tick(now: Millis): void;
	/** Ends it, with the reason for the log. */
	end(reason: string): void;
}

/** The ports, and who may come in by them. */
export type TcpServerSettings = Omit<DoorOptions, "count" | "begin">;

/** A protocol's server over TCP: its ports and its connections, which one protocol's class adds to. */
export abstract class TcpServer<C extends Connection> implements AsyncDisposable {
	readonly #all = new Set<C>();
	readonly #timer: NodeJS.Timeout;
	#doors: Doors | undefined;

	/** `now` is the clock that connections are told. */
	constructor(now: () => Millis) {
		this.#timer = setInterval(() => {
			for (const connection of this.#all) connection.tick(now());
		}, TICK_MS);
	}

	/** Makes a connection of a socket that was just accepted. `closed` is to be called once, when it is gone. */
	protected abstract take(socket: Socket, closed: (connection: C) => void): C;

	/** Opens the ports. Rejects with Node's error codes where one is taken. */
	protected async open(settings: TcpServerSettings): Promise<this> {
		const begin = (socket: Socket): void => void this.#all.add(this.take(socket, (one) => this.#all.delete(one)));
		try {
			this.#doors = await Doors.open({ ...settings, count: () => this.#all.size, begin });
			return this;
		} catch (error) {
			await this.close();
			throw error;
		}
	}

	/** The connections behind their handshakes. */
	protected get all(): readonly C[] {
		return [...this.#all];
	}

	/** The ports that are listened on, in the order of the addresses. */
	get ports(): readonly number[] {
		return this.#doors?.ports ?? [];
	}

	/** Connections, those in their handshake among them. */
	get connections(): number {
		return this.#doors?.connections ?? 0;
	}

	/** Connections that were turned away because there were too many. */
	get turnedAway(): number {
		return this.#doors?.turnedAway ?? 0;
	}

	/** Takes in a client that came by the ports of another server. */
	enter(socket: Socket): void {
		this.#doors?.enter(socket);
	}

	/** Ends all connections and closes the ports. */
	async close(): Promise<void> {
		clearInterval(this.#timer);
		for (const connection of this.all) connection.end("the relay is going down");
		await this.#doors?.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}
}
