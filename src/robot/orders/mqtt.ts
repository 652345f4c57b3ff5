import { randomUUID } from "node:crypto";
import { MqttConnection, type MqttMessage } from "../../net/mqtt.ts";
import { Newest } from "../../net/newest.ts";
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
	/** Of the one certificate that the broker may show, as `secureTcp` has it; left out, any that the system trusts. */
	readonly fingerprint?: string;
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

/** The robot at its broker: says who is there and how it is, and brings orders. */
export class BrokerLink {
	readonly #settings: BrokerSettings;
	readonly #stations: readonly Station[];
	readonly #topics: readonly string[];
	readonly #events: BrokerEvents;
	readonly #log: Log;
	readonly #connection: MqttConnection;
	/** New for each connection: the will of an old one marks nobody offline. */
	#session = "";
	/** By camera. */
	readonly #states = new Map<string, Newest<Station>>();

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
		const { url, robot, fingerprint } = settings;
		const broker = { url, clientId: `vedette-${robot}`, fingerprint, filters: this.#filters() };
		this.#connection = new MqttConnection(
			broker,
			{
				will: () => this.#leaving(randomUUID()),
				onUp: () => this.#begin(),
				onDown: () => events.onHeard(false),
				onMessage: (topic, payload, retained) => this.#take(topic, payload.toString(), retained),
				goodbye: () => this.#goodbye(),
			},
			log,
		);
	}

	report(station: Station): void {
		this.#states.get(station.name)?.say(station);
	}

	async #tell(station: Station): Promise<void> {
		const payload = JSON.stringify(station.answer(this.#session));
		await this.#connection.deliver({ topic: this.#topic(station.name, "state"), payload, retain: true });
		if (station.owesAnswers) this.report(station);
	}

	stats(station: Station, stats: Stats): void {
		const payload = JSON.stringify(stats);
		this.#connection.publish({ topic: this.#topic(station.name, "stats"), payload, retain: false });
	}

	snapshot(station: Station, payload: Buffer): void {
		this.#connection.publish({ topic: this.#topic(station.name, "snapshot"), payload, retain: false }, 0);
	}

	/** Says that it is gone, and goes. */
	stop(): Promise<void> {
		return this.#connection.close();
	}

	#filters(): readonly string[] {
		const { joined, topic } = this.#settings;
		const kinds: readonly TopicKind[] = joined ? ["order"] : ["order", "set"];
		const ofCameras = this.#stations.flatMap(({ name }) => kinds.map((kind) => this.#topic(name, kind)));
		const plain = !joined && topic !== "" ? [topic] : [];
		return [this.#topic(undefined, "time"), ...ofCameras, ...plain, ...this.#topics];
	}

	#begin(): void {
		this.#connection.publish(this.#available("online"));
		for (const station of this.#stations) {
			this.#states.set(station.name, new Newest((one) => this.#tell(one)));
			this.report(station);
		}
		this.#events.onHeard(true);
	}

	#leaving(session: string): MqttMessage {
		this.#session = session;
		return this.#available("offline");
	}

	#goodbye(): readonly MqttMessage[] {
		const states = this.#stations.map((station) => {
			const report = { ...station.report(this.#session), state: "idle", reason: "the robot went down" };
			return { topic: this.#topic(station.name, "state"), payload: JSON.stringify(report), retain: true };
		});
		return [...states, this.#available("offline")];
	}

	#take(topic: string, text: string, retained: boolean): void {
		// What was kept by the broker is old: no command, and nothing that happens now.
		if (retained) return;
		if (this.#topics.includes(topic)) this.#events.onTopic(topic);
		this.#obey(topic, text);
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

	#available(state: Availability["state"]): MqttMessage {
		const cameras = this.#stations.map(({ name }) => name);
		const alwaysOn = this.#stations.filter((station) => station.isAlwaysOn).map(({ name }) => name);
		const said: Availability = { state, session: this.#session, ...(state === "online" && { cameras, alwaysOn }) };
		return { topic: this.#topic(undefined, "available"), payload: JSON.stringify(said), retain: true };
	}

	#topic(camera: string | undefined, kind: TopicKind): string {
		const { prefix, robot } = this.#settings;
		return robotTopic(prefix, { robot, camera, kind });
	}
}
