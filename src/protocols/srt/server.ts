import { randomBytes } from "node:crypto";
import { plainAddress } from "../../access/addresses.ts";
import { type Address, formatAddress } from "../../config/address.ts";
import { type DatagramBatch, openBatch, Recipient } from "../../net/datagram-batch.ts";
import { openUdp, type UdpPort, type UdpSocket } from "../../net/udp.ts";
import { admit, Declined, declinedBy } from "./admission.ts";
import { type Seat, SrtConnection, takeSeat } from "./connection.ts";
import type { SrtContext } from "./context.ts";
import { rejection } from "./handshake.ts";
import { type Call, Listener, type Remote } from "./listener.ts";
import { destinationOf, isPacket } from "./packet.ts";

/** Section 4.8: acknowledgements are sent every 10 ms. */
const TICK_MS = 10;
const SWEEP_MS = 1000;
const SECRET_BYTES = 32;

export interface SrtSettings {
	readonly address: readonly Address[];
	readonly maxConnections: number;
}

/** The SRT server: its ports, and its connections by their socket numbers. */
export class SrtServer implements AsyncDisposable {
	/** Datagrams that belonged to no connection. */
	strays = 0;
	readonly #context: SrtContext;
	readonly #settings: SrtSettings;
	readonly #listener: Listener;
	readonly #connections = new Map<number, SrtConnection>();
	readonly #ports: UdpPort[] = [];
	/** What all connections of a socket send leaves together. */
	readonly #batches = new Map<UdpSocket, DatagramBatch>();
	/** Callers that are being looked at. */
	#asking = 0;
	/** Runs while there are connections: a relay with nothing to do rests. */
	#timer: NodeJS.Timeout | undefined;
	#sweep: NodeJS.Timeout | undefined;
	#isClosed = false;

	private constructor(context: SrtContext, settings: SrtSettings) {
		this.#context = context;
		this.#settings = settings;
		this.#listener = new Listener(randomBytes(SECRET_BYTES), (call) => this.#answer(call));
	}

	/** Opens the ports. Rejects where one is taken. */
	static async listen(context: SrtContext, settings: SrtSettings): Promise<SrtServer> {
		const server = new SrtServer(context, settings);
		try {
			for (const address of settings.address) {
				const port = await openUdp(formatAddress(address), (...datagram) => server.#datagram(...datagram));
				server.#ports.push(port);
			}
		} catch (error) {
			await server.close();
			throw error;
		}
		server.#sweep = setInterval(() => server.#listener.tick(context.hub.clock.now()), SWEEP_MS);
		return server;
	}

	/** The ports that are listened on, in the order of the addresses. */
	get ports(): readonly number[] {
		return this.#ports.map(({ port }) => port);
	}

	/** All connections, in MediaMTX's shape. */
	list() {
		return [...this.#connections.values()].map(({ item }) => item);
	}

	/** Ends a connection; false where there is none. */
	kick(id: string): boolean {
		const found = [...this.#connections.values()].find((one) => one.id === id);
		found?.end("ended by the control API");
		return found !== undefined;
	}

	/** Ends all connections and closes the ports. */
	async close(): Promise<void> {
		this.#isClosed = true;
		clearInterval(this.#timer);
		clearInterval(this.#sweep);
		for (const connection of [...this.#connections.values()]) connection.end("the relay is going down");
		for (const batch of this.#batches.values()) batch.close();
		await Promise.all(this.#ports.map((port) => port.close()));
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	#datagram(bytes: Buffer, address: string, port: number, socket: UdpSocket): void {
		const now = this.#context.hub.clock.now();
		const id = isPacket(bytes) ? destinationOf(bytes) : -1;
		const connection = this.#connections.get(id);
		if (connection && connection.caller.port === port && connection.caller.address === address) {
			connection.datagram(bytes, now);
			return;
		}
		if (id !== 0 || !this.#listener.datagram(bytes, this.#caller(address, port, socket), now)) this.strays++;
	}

	#caller(address: string, port: number, socket: UdpSocket): Remote {
		const batch = this.#batches.get(socket) ?? openBatch(socket);
		this.#batches.set(socket, batch);
		const to = new Recipient(address, port);
		return { address, port, send: (head, payload) => batch.add(to, head, payload) };
	}

	#answer(call: Call): void {
		if (this.#connections.size + this.#asking >= this.#settings.maxConnections) {
			this.#listener.refuse(call, rejection.resource);
			return;
		}
		this.#asking++;
		this.#admit(call)
			.catch((error: unknown) => this.#refuse(call, error))
			.finally(() => this.#asking--);
	}

	async #admit(call: Call): Promise<void> {
		const { caller, handshake } = call;
		const admission = await admit(this.#context, handshake, plainAddress(caller.address));
		if (this.#isClosed) throw new Declined(rejection.resource, "the relay is going down");
		const seat = takeSeat(this.#context, admission, caller);
		this.#begin(call, seat);
	}

	#begin(call: Call, seat: Seat): void {
		const { latency, hub } = this.#context;
		const settings = this.#listener.accept(call, latency, seat.admission.keys, hub.clock.now());
		const closed = ({ socketId }: SrtConnection): void => this.#ended(socketId);
		const connection = new SrtConnection(this.#context, seat, settings, closed);
		this.#connections.set(settings.socketId, connection);
		this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
	}

	#ended(socketId: number): void {
		this.#connections.delete(socketId);
		if (this.#connections.size > 0) return;
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	#refuse(call: Call, error: unknown): void {
		const { log, refused } = this.#context;
		const ip = call.caller.address;
		try {
			const declined = declinedBy(error);
			refused({ ip, reason: declined.message });
			this.#listener.refuse(call, declined.code);
		} catch (fault) {
			log.error({ ip, err: fault }, "a caller could not be looked at");
			this.#listener.refuse(call, rejection.resource);
		}
	}

	#tick(): void {
		const now = this.#context.hub.clock.now();
		for (const connection of this.#connections.values()) connection.tick(now);
	}
}
