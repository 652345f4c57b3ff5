import { readFileSync } from "node:fs";
import type { Access } from "../../access/access.ts";
import { TlsMaterial } from "../../access/tls.ts";
import type { RelayConfig } from "../../config/relay-schema.ts";
import type { Wanter } from "../../hub/demand/wants.ts";
import type { Hub } from "../../hub/hub.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Log } from "../../observe/log.ts";
import type { Bus, BusEvents, BusMessage } from "./bus.ts";
import { announce, withdraw } from "./discovery.ts";
import { EmbeddedBus, type MqttUpgrade } from "./embedded.ts";
import { Fleet, type FleetOptions, type RobotTold } from "./fleet.ts";
import { OutsideBus } from "./outside.ts";
import { PlainRobots } from "./plain.ts";
import { PlainTopics } from "./plain-topics.ts";
import { Viewers } from "./viewers.ts";
import { Wishes } from "./wishes.ts";

export interface MqttOptions {
	readonly config: Pick<RelayConfig, "mqtt">;
	readonly hub: Hub;
	readonly access: Access;
	readonly ownerOf: FleetOptions["ownerOf"];
	/** Why a robot's password is wrong, where more is known than that. */
	readonly explain: (user: string, password: string) => string | undefined;
	/** A robot is here, with these cameras. */
	readonly onCameras: (robot: string, cameras: readonly string[]) => void;
	/** Where people look at streams, for Home Assistant; undefined where that is not known. */
	readonly watchUrl: string | undefined;
	readonly log: Log;
}

/** Control by MQTT, over the relay's own broker or another one. */
export class Mqtt implements AsyncDisposable {
	readonly fleet: Fleet;
	readonly #options: MqttOptions;
	readonly #plain: PlainRobots;
	readonly #topics: PlainTopics;
	readonly #wishes: Wishes;
	readonly #parts = new AsyncDisposableStack();
	#bus: Bus | undefined;
	#embedded: EmbeddedBus | undefined;
	#viewers: Viewers | undefined;

	private constructor(options: MqttOptions) {
		const { hub, config, log, ownerOf } = options;
		const { prefix } = config.mqtt;
		const bus = (): Bus | undefined => this.#bus;
		this.#options = options;
		this.#plain = new PlainRobots(hub, bus, log);
		this.fleet = new Fleet({
			prefix,
			hub,
			bus,
			now: Date.now,
			ownerOf,
			log,
			onDrive: (path) => this.#plain.leave(path),
			onChange: (robot) => this.#announce(robot),
		});
		this.#topics = new PlainTopics(config.mqtt.topics, hub);
		this.#wishes = new Wishes({ prefix, hub, plain: this.#topics, log });
	}

	/** Undefined where the configuration wants no MQTT. Rejects where an address cannot be listened on. */
	static async open(options: MqttOptions): Promise<Mqtt | undefined> {
		if (options.config.mqtt.broker === "") return undefined;
		const mqtt = new Mqtt(options);
		await mqtt.#open();
		return mqtt;
	}

	/** Of the embedded broker. */
	get ports(): readonly number[] {
		return this.#embedded?.ports ?? [];
	}

	/** Clients of the embedded broker. */
	get connections(): number {
		return this.#embedded?.connections ?? 0;
	}

	/** Connections above the limits of the embedded broker. */
	get turnedAway(): number {
		return this.#embedded?.turnedAway ?? 0;
	}

	/** Takes over a connection of the web server; undefined where the broker is another one. */
	get upgrade(): ((request: MqttUpgrade) => void) | undefined {
		const embedded = this.#embedded;
		return embedded && ((request) => embedded.upgrade(request));
	}

	/** Ends the connections of a robot that may not come any more. */
	kick(identity: string): void {
		this.#embedded?.kick((principal) => principal.identity === identity);
	}

	/** The path that `say` is about; undefined where nothing tells. */
	get saysTo(): PathName | undefined {
		return this.#topics.pathOf(this.#topics.own);
	}

	/** Says `start` or `stop` on the plain topic. Rejects where the broker is away. */
	async say(word: "start" | "stop", by: Wanter): Promise<void> {
		const topic = this.#topics.own;
		await this.#bus?.deliver(topic, word);
		// What the relay says itself does not come back to it.
		this.#wishes.take({ topic, text: word, retained: false, by });
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#parts.disposeAsync();
	}

	async #open(): Promise<void> {
		const { hub, config, log } = this.#options;
		this.#bus = await this.#openBus();
		this.#parts.use(this.#bus);
		this.#parts.defer(() => this.fleet.close());
		this.#parts.defer(() => this.#plain.close());
		this.#viewers = this.#parts.use(new Viewers(hub, config.mqtt.prefix, () => this.#bus));
		for (const [topic, path] of this.#topics.mapped) this.#plain.drive(topic, path);
		if (config.mqtt.broker !== "embedded") {
			log.warn(
				"who may publish which topic is up to that broker: without rules of its own (vedette relay mqtt-acl) any client there can start robots",
			);
		}
	}

	async #openBus(): Promise<Bus> {
		const { config, access, explain, log } = this.#options;
		const { broker, address, prefix, tls, ca, maxConnections, maxConnectionsPerUser } = config.mqtt;
		const plain = this.#topics;
		const filters = [...Fleet.filters(prefix), ...Wishes.filters(prefix, plain.names), this.#homeAssistant];
		const events: BusEvents = {
			onUp: () => this.#up(),
			onDown: () => this.#down(),
			onMessage: (message) => this.#take(message),
		};
		if (broker !== "embedded") {
			const authorities = ca === "" ? undefined : readFileSync(ca, "utf8");
			return new OutsideBus({ url: broker, ca: authorities, filters }, events, log);
		}
		const secure = tls.cert === "" ? undefined : { addresses: tls.address, material: new TlsMaterial(tls) };
		const plan = { prefix, plain };
		const limits = { maxConnections, maxConnectionsPerUser };
		const options = { addresses: address, tls: secure, ...limits, access, explain, plan, filters };
		this.#embedded = await EmbeddedBus.open(options, events, log);
		return this.#embedded;
	}

	/** Where Home Assistant says that it has started. */
	get #homeAssistant(): string {
		return `${this.#options.config.mqtt.discovery || "homeassistant"}/status`;
	}

	#up(): void {
		this.#plain.up();
		this.#announceAll();
	}

	#down(): void {
		this.#plain.lose();
		this.fleet.lose();
	}

	#announceAll(): void {
		for (const robot of this.fleet.list()) this.#announce(robot);
	}

	#take(message: BusMessage): void {
		if (message.topic === this.#homeAssistant) {
			if (message.text === "online") this.#announceAll();
			return;
		}
		this.fleet.take(message);
		this.#wishes.take(message);
	}

	#announce({ robot, cameras }: RobotTold): void {
		const names = cameras.map(({ path }) => path.slice(robot.length + 1));
		this.#options.onCameras(robot, names);
		for (const { path } of cameras) this.#viewers?.tell(path);
		const { prefix, discovery: root } = this.#options.config.mqtt;
		if (root === "") return;
		const plan = { prefix, root, watchUrl: this.#options.watchUrl };
		const found = { robot, cameras: names };
		const { topic, text } = names.length === 0 ? withdraw(plan, found) : announce(plan, found);
		this.#bus?.publish(topic, text, true);
	}
}
