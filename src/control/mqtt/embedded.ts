import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Aedes, type Client, type PublishPacket } from "aedes";
import { generate, writeToStream } from "mqtt-packet";
import type { Principal } from "../../access/access.ts";
import { plainAddress } from "../../access/addresses.ts";
import type { TlsMaterial } from "../../access/tls.ts";
import type { Address } from "../../config/address.ts";
import type { Wanter } from "../../hub/demand/wants.ts";
import { Doors } from "../../net/doors.ts";
import { streamOf, WebSocketDoor, type WebSocketUpgrade } from "../../net/web-socket.ts";
import type { Log } from "../../observe/log.ts";
import { Admission, type AdmissionOptions, TurnedAway } from "./admission.ts";
import { type Bus, type BusEvents, fitsFilter } from "./bus.ts";
import type { Guest } from "./guest.ts";
import { Retained } from "./retained.ts";
import { type IncomingStore, unreleased } from "./unreleased.ts";

// The library would keep every number of two bytes as a buffer of its own: 10 MB, to save the making of a few each second.
writeToStream.cacheNumbers = false;

/** Larger messages end the connection; a still picture fits. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
/** Who does not read for so long is sent away. */
const DRAIN_TIMEOUT_MS = 10_000;
/** And who is behind by so much: one slow client must not hold up the others. */
const MOST_UNSENT_BYTES = 2 * MAX_MESSAGE_BYTES;
/** A client of which nothing is heard for one and a half of this is gone, whatever it asks for. Seconds. */
const MOST_KEEP_ALIVE_S = 1800;

export interface EmbeddedOptions extends AdmissionOptions {
	readonly addresses: readonly Address[];
	/** MQTT over TLS; none without a certificate. */
	readonly tls: { readonly addresses: readonly Address[]; readonly material: TlsMaterial } | undefined;
	/** By TCP; those by WebSocket are the web server's. */
	readonly maxConnections: number;
	/** What the relay listens to. */
	readonly filters: readonly string[];
}

/** A client that asks for MQTT on the web server's port. */
export interface MqttUpgrade extends WebSocketUpgrade {
	readonly ip: string;
}

/** The broker inside the relay: MQTT 3.1.1 and 5, over TCP, TLS and WebSocket. Nothing outlives a connection but what is retained. */
export class EmbeddedBus implements Bus {
	readonly #options: EmbeddedOptions;
	readonly #events: BusEvents;
	readonly #log: Log;
	readonly #broker: Aedes;
	readonly #admission: Admission;
	readonly #guests = new WeakMap<object, Guest>();
	readonly #retained = new Retained();
	/** The addresses of connections that a proxy or the web server brought. */
	readonly #ips = new WeakMap<object, string>();
	readonly #doors: Doors[] = [];
	readonly #sockets = new Set<Socket>();
	readonly #webSockets = new WebSocketDoor(MAX_MESSAGE_BYTES, "mqtt");

	private constructor(broker: Aedes, options: EmbeddedOptions, events: BusEvents, log: Log) {
		this.#broker = broker;
		this.#options = options;
		this.#events = events;
		this.#log = log;
		this.#admission = new Admission(options, log);
		this.#answer();
	}

	/** Rejects where an address cannot be listened on. */
	static async open(options: EmbeddedOptions, events: BusEvents, log: Log): Promise<EmbeddedBus> {
		const broker = await Aedes.createBroker({
			connectTimeout: CONNECT_TIMEOUT_MS,
			drainTimeout: DRAIN_TIMEOUT_MS,
			maximumPacketSize: MAX_MESSAGE_BYTES,
			maxClientsIdLength: 128,
			maxTopicLevels: 16,
			keepaliveLimit: MOST_KEEP_ALIVE_S,
			// No limit, else a hundred messages that wait for slow clients hold up those for everybody.
			concurrency: 0,
		});
		Object.assign((broker as unknown as { persistence: IncomingStore }).persistence, unreleased());
		const bus = new EmbeddedBus(broker, options, events, log);
		try {
			await bus.#listen();
		} catch (error) {
			await bus[Symbol.asyncDispose]();
			throw error;
		}
		events.onUp();
		return bus;
	}

	/** Where it listens, in the order of the addresses: plain ones first. */
	get ports(): readonly number[] {
		return this.#doors.flatMap((doors) => doors.ports);
	}

	get connections(): number {
		return this.#broker.connectedClients;
	}

	/** Connections above a limit. */
	get turnedAway(): number {
		return this.#doors.reduce((sum, doors) => sum + doors.turnedAway, this.#admission.turnedAway);
	}

	publish(topic: string, text: string, retain: boolean): void {
		this.#broker.publish(packet(topic, text, retain), (error) => {
			if (error) this.#log.warn({ topic, reason: error.message }, "not published");
		});
	}

	deliver(topic: string, text: string): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#broker.publish(packet(topic, text, false), (error) => (error ? reject(error) : resolve()));
		});
	}

	/** Takes over a connection of the web server. */
	upgrade(client: MqttUpgrade): void {
		this.#webSockets.open(client, (opened) => {
			const stream = streamOf(opened);
			stream.on("error", () => stream.destroy());
			this.#ips.set(stream, client.ip);
			this.#broker.handle(stream, client.request);
		});
	}

	/** Ends all connections of somebody who may not come any more. */
	kick(isGone: (principal: Principal) => boolean): void {
		for (const client of Object.values(this.#clients)) {
			const guest = this.#guests.get(client);
			if (!guest || !isGone(guest.principal)) continue;
			// Nor does its will come any more.
			this.#guests.delete(client);
			client.close();
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		const closed = this.#doors.map((doors) => doors.close());
		await new Promise<void>((resolve) => this.#broker.close(resolve));
		for (const socket of this.#sockets) socket.destroy();
		await Promise.all(closed);
	}

	/** By their ids; aedes keeps them there and names it nowhere in its types. The object has a prototype: see `isUsable`. */
	get #clients(): Readonly<Record<string, Client>> {
		return (this.#broker as unknown as { clients: Readonly<Record<string, Client>> }).clients;
	}

	async #listen(): Promise<void> {
		const { addresses: address, tls, maxConnections } = this.#options;
		const shared = { maxConnections, greetMs: CONNECT_TIMEOUT_MS, count: () => this.#sockets.size };
		const begin = (socket: Socket): void => this.#begin(socket);
		this.#doors.push(await Doors.open({ ...shared, address, begin }));
		if (!tls) return;
		this.#doors.push(await Doors.open({ ...shared, address: tls.addresses, tls: tls.material, begin }));
	}

	#begin(socket: Socket): void {
		this.#sockets.add(socket);
		// MQTT asks for signs of life itself: probes every two seconds would cost an idle robot more than all else.
		socket.setNoDelay(true).setKeepAlive(false);
		socket.on("close", () => this.#sockets.delete(socket));
		socket.on("error", () => socket.destroy());
		this.#ips.set(socket, plainAddress(socket.remoteAddress ?? ""));
		this.#broker.handle(socket);
	}

	#answer(): void {
		const broker = this.#broker;
		broker.preConnect = (_client, connect, done) => {
			// What a client that went away ought to have heard is not kept: an old start must not come hours later.
			connect.clean = true;
			if (connect.properties) connect.properties.sessionExpiryInterval = 0;
			// MQTT 5 is told of the limit, 3.1.1 would be refused for it.
			if (connect.protocolVersion !== 5)
				connect.keepalive = Math.min(connect.keepalive || MOST_KEEP_ALIVE_S, MOST_KEEP_ALIVE_S);
			done(null, true);
		};
		broker.authenticate = (client, user, password, done) => {
			this.#letIn(client, user, password).then(
				() => done(null, true),
				(error) => this.#turnAway(client, error, (code) => done(code, false)),
			);
		};
		broker.authorizePublish = (client, message, done) => {
			const guest = client && this.#guests.get(client);
			const fault = guest ? guest.whyNotPublish(message, this.#retained) : "not allowed";
			if (!guest || fault !== undefined) return done(new Error(fault));
			done(null);
			this.#hear(message, guest);
		};
		broker.authorizeSubscribe = (client, subscription, done) => {
			done(null, this.#guests.get(client)?.subscribe(subscription.topic) ? subscription : null);
		};
		broker.on("unsubscribe", (filters, client) => this.#guests.get(client)?.unsubscribe(filters));
		broker.authorizeForward = (client, message) => (this.#mayHear(client, message.topic) ? message : null);
		// Its types do not name this event, which without a listener would end the relay.
		(broker as EventEmitter).on("error", (error) => this.#log.error({ err: error }, "the broker failed"));
		const quiet = (client: Client, error: Error): void => {
			const who = this.#guests.get(client)?.principal.name ?? "";
			this.#log.debug({ client: client?.id, user: who, reason: error.message }, "client refused");
		};
		broker.on("clientError", quiet);
		broker.on("connectionError", quiet);
	}

	/** Ends a connection that reads too slowly. */
	#mayHear(client: Client, topic: string): boolean {
		const guest = this.#guests.get(client);
		if (!guest?.mayHear(topic) || client.conn.destroyed) return false;
		if (client.conn.writableLength <= MOST_UNSENT_BYTES) return true;
		this.#log.warn({ user: guest.principal.name, ip: guest.ip }, "a client of the broker reads too slowly");
		client.conn.destroy();
		return false;
	}

	async #letIn(client: Client, user: string | undefined, password: Buffer | undefined): Promise<void> {
		const ip = this.#ips.get(client.conn) ?? "";
		const { id, conn } = client;
		const comer = { id, ip, user, password: password?.toString() ?? "", conn };
		const guest = await this.#admission.admit(comer, (taken) => {
			const holder = this.#clients[taken];
			return holder && this.#guests.get(holder);
		});
		this.#guests.set(client, guest);
	}

	#turnAway(client: Client, error: unknown, done: (fault: TurnedAway) => void): void {
		const fault = error instanceof TurnedAway ? error : new TurnedAway("not authorised", String(error));
		if (client.version !== 5) {
			done(fault);
			return;
		}
		// The library would know but a few of the codes of MQTT 5.
		const { reasonCode, message: reason } = fault;
		this.#log.debug({ client: client.id, reason }, "client refused");
		client.conn.write(generate({ cmd: "connack", sessionPresent: false, reasonCode }, { protocolVersion: 5 }), () =>
			client.close(),
		);
	}

	#hear(message: PublishPacket, { principal, ip }: Guest): void {
		const { topic, payload } = message;
		if (!this.#options.filters.some((filter) => fitsFilter(filter, topic))) return;
		const by: Wanter = { type: "mqtt", user: principal.name ?? "", remoteAddress: ip };
		this.#events.onMessage({ topic, text: payload.toString(), retained: false, by });
	}
}

function packet(topic: string, text: string, retain: boolean): PublishPacket {
	return { cmd: "publish", topic, payload: text, qos: 1, retain, dup: false };
}
