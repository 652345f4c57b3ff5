import { randomUUID } from "node:crypto";
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { type Backoff, backoffMs, sleep } from "../../net/backoff.ts";
import type { Log } from "../../observe/log.ts";
import {
	type Availability,
	type Order,
	parseOrder,
	parseTimeTold,
	parseWanted,
	type Stats,
	type Wanted,
} from "../../wire/robot-messages.ts";
import { parseRobotTopic, robotTopic, type TopicKind } from "../../wire/robot-topics.ts";
import type { Station } from "./station.ts";

const BACKOFF: Backoff = { firstMs: 500, mostMs: 20_000 };
/** A connection that stood this long was a good one: its end is the first failure again. */
const GOOD_AFTER_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Seconds. A broker calls a robot offline that it has not heard of for one and a half of it. */
const KEEP_ALIVE_S = 30;

/** A broker, and what is obeyed there. */
export interface BrokerSettings {
	/** `mqtt://`, `mqtts://`, `ws://` or `wss://`, with user and password where it asks for them. */
	readonly url: string;
	/** The first part of every topic. */
	readonly prefix: string;
	/** One more topic that bare `start` and `stop` are read from; empty for none. */
	readonly topic: string;
	readonly robot: string;
	/** Told by joining: only the relay's orders are obeyed. */
	readonly joined: boolean;
	/** What a certificate is checked against; see TLS of Node. */
	readonly tls?: Pick<IClientOptions, "ca" | "rejectUnauthorized">;
}

/** What comes from the broker. */
export interface BrokerEvents {
	onOrder(station: Station, order: Order): void;
	onWanted(stations: readonly Station[], wanted: Wanted): void;
	/** The relay's clock, Unix milliseconds. */
	onTime(unix: number): void;
	/** A message on one of the further topics that were asked for. */
	onTopic(topic: string): void;
	/** Whether orders can come. */
	onHeard(heard: boolean): void;
}

/** The robot's connection to its broker: comes back for ever, says who is there, and brings orders. */
export class BrokerLink {
	readonly #settings: BrokerSettings;
	readonly #stations: readonly Station[];
	readonly #topics: readonly string[];
	readonly #events: BrokerEvents;
	readonly #log: Log;
	readonly #abort = new AbortController();
	readonly #done: Promise<void>;
	#client: MqttClient | undefined;
	#session = "";

	/** `topics`: further ones to listen to. */
	constructor(
		settings: BrokerSettings,
		stations: readonly Station[],
		topics: readonly string[],
		events: BrokerEvents,
		log: Log,
	) {
		this.#settings = settings;
		this.#stations = stations;
		this.#topics = topics;
		this.#events = events;
		this.#log = log;
		this.#done = this.#run();
	}

	report(station: Station): void {
		if (this.#client) this.#publish(station.name, "state", station.report(this.#session), true);
	}

	stats(station: Station, stats: Stats): void {
		if (this.#client) this.#publish(station.name, "stats", stats, false);
	}

	snapshot(station: Station, jpeg: Buffer): void {
		this.#client?.publish(this.#topic(station.name, "snapshot"), jpeg, { qos: 0, retain: false });
	}

	/** Says that it is gone, and goes. */
	async stop(): Promise<void> {
		this.#abort.abort();
		await this.#done;
	}

	async #run(): Promise<void> {
		const { signal } = this.#abort;
		let failures = 0;
		while (!signal.aborted) {
			const since = performance.now();
			const reason = await this.#connection();
			this.#events.onHeard(false);
			if (signal.aborted) return;
			failures = performance.now() - since >= GOOD_AFTER_MS ? 1 : failures + 1;
			const waitMs = backoffMs(BACKOFF, failures, Math.random());
			this.#log.warn({ reason, waitMs }, "no broker; trying again");
			await sleep(waitMs, signal);
		}
	}

	/** One connection from its beginning to its end; gives the reason of the end. Each has a session and a will of its own. */
	async #connection(): Promise<string> {
		this.#session = randomUUID();
		const client = connect(this.#settings.url, this.#clientOptions());
		const { promise: ended, resolve: end } = Promise.withResolvers<string>();
		client.on("error", ({ message }) => end(message));
		client.on("close", () => end("connection closed"));
		client.on("message", (topic, payload, packet) => this.#take(topic, payload.toString(), packet));
		client.once("connect", () => this.#begin(client).catch((error) => end(String(error))));
		const leave = (): void => end("the robot goes down");
		this.#abort.signal.addEventListener("abort", leave);
		const reason = await ended;
		this.#abort.signal.removeEventListener("abort", leave);
		await this.#leave(client);
		return reason;
	}

	#clientOptions(): IClientOptions {
		const { robot, tls } = this.#settings;
		return {
			...tls,
			clientId: `vedette-${robot}`,
			clean: true,
			keepalive: KEEP_ALIVE_S,
			connectTimeout: CONNECT_TIMEOUT_MS,
			reconnectPeriod: 0,
			resubscribe: false,
			will: {
				topic: this.#topic(undefined, "available"),
				payload: Buffer.from(this.#available("offline")),
				qos: 1,
				retain: true,
			},
		};
	}

	async #begin(client: MqttClient): Promise<void> {
		const { joined, topic } = this.#settings;
		const kinds: readonly TopicKind[] = joined ? ["order"] : ["order", "set"];
		const ofCameras = this.#stations.flatMap(({ name }) => kinds.map((kind) => this.#topic(name, kind)));
		const plain = !joined && topic !== "" ? [topic] : [];
		await client.subscribeAsync([this.#topic(undefined, "time"), ...ofCameras, ...plain, ...this.#topics], { qos: 1 });
		this.#client = client;
		client.publish(this.#topic(undefined, "available"), this.#available("online"), { qos: 1, retain: true });
		for (const station of this.#stations) this.report(station);
		this.#log.info("connected to the broker");
		this.#events.onHeard(true);
	}

	async #leave(client: MqttClient): Promise<void> {
		this.#client = undefined;
		const goodbye = client.connected && this.#abort.signal.aborted;
		if (!goodbye) return client.endAsync(true);
		for (const station of this.#stations) {
			const report = { ...station.report(this.#session), state: "idle", reason: "the robot went down" };
			client.publish(this.#topic(station.name, "state"), JSON.stringify(report), { qos: 1, retain: true });
		}
		client.publish(this.#topic(undefined, "available"), this.#available("offline"), { qos: 1, retain: true });
		await Promise.race([client.endAsync(false), sleep(1000, AbortSignal.timeout(1000))]);
		await client.endAsync(true);
	}

	#take(topic: string, text: string, { retain }: IPublishPacket): void {
		if (this.#topics.includes(topic)) this.#events.onTopic(topic);
		// A command that was kept by the broker is an old one.
		if (!retain) this.#obey(topic, text);
	}

	#obey(topic: string, text: string): void {
		if (topic === this.#settings.topic) {
			this.#want(this.#stations, text);
			return;
		}
		const { kind, camera } = parseRobotTopic(this.#settings.prefix, topic) ?? {};
		if (kind === "time") this.#takeTime(text);
		const station = this.#stations.find(({ name }) => name === camera);
		if (station && kind === "set") this.#want([station], text);
		if (station && kind === "order") this.#order(station, text);
	}

	#order(station: Station, text: string): void {
		const order = parseOrder(text);
		if (order) this.#events.onOrder(station, order);
		else this.#log.warn({ camera: station.name, text: text.slice(0, 80) }, "an order that is none");
	}

	#takeTime(text: string): void {
		const told = parseTimeTold(text);
		if (told?.session === this.#session) this.#events.onTime(told.now);
	}

	#want(stations: readonly Station[], text: string): void {
		const wanted = parseWanted(text);
		if (wanted) this.#events.onWanted(stations, wanted);
		else this.#log.warn({ text: text.slice(0, 80) }, 'neither "start" nor "stop"');
	}

	#available(state: Availability["state"]): string {
		const cameras = this.#stations.map(({ name }) => name);
		const said: Availability = { state, session: this.#session, ...(state === "online" && { cameras }) };
		return JSON.stringify(said);
	}

	#topic(camera: string | undefined, kind: TopicKind): string {
		const { prefix, robot } = this.#settings;
		return robotTopic(prefix, { robot, camera, kind });
	}

	#publish(camera: string, kind: TopicKind, message: object, retain: boolean): void {
		this.#client?.publish(this.#topic(camera, kind), JSON.stringify(message), { qos: 1, retain });
	}
}
