import { MqttConnection, type MqttOptions } from "../../net/mqtt.ts";
import type { Log } from "../../observe/log.ts";
import { withoutPassword } from "../../observe/secrets.ts";
import type { Bus, BusEvents } from "./bus.ts";
import { Echoes } from "./echoes.ts";

/** Another broker: Mosquitto, EMQX … In MQTT 5 it leaves out what the relay says itself; in 3.1.1 that is counted off. */
export class OutsideBus implements Bus {
	#trouble: string | undefined = "not connected yet";
	readonly #events: BusEvents;
	readonly #filters: readonly string[];
	/** Undefined where the broker sends none. */
	#echoes: Echoes | undefined;
	readonly #connection: MqttConnection;

	constructor(options: Omit<MqttOptions, "noLocal">, events: BusEvents, log: Log) {
		this.#events = events;
		this.#filters = options.filters;
		const own = {
			onUp: (hearsItself: boolean) => this.#up(hearsItself),
			onDown: (reason: string) => this.#down(reason),
			onMessage: (topic: string, payload: Buffer, retained: boolean) => this.#take(topic, payload.toString(), retained),
		};
		const broker = { ...options, noLocal: true };
		this.#connection = new MqttConnection(broker, own, log.child({ broker: withoutPassword(options.url) }));
	}

	publish(topic: string, text: string, retain: boolean): void {
		if (!this.#connection.isUp) return;
		this.#echoes?.sent(topic, text, performance.now());
		this.#connection.publish({ topic, payload: text, retain });
	}

	async deliver(topic: string, text: string): Promise<void> {
		if (this.#trouble !== undefined) throw new Error(`the broker is away: ${this.#trouble}`);
		this.#echoes?.sent(topic, text, performance.now());
		await this.#connection.deliver({ topic, payload: text, retain: false });
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.#connection.close();
	}

	#up(hearsItself: boolean): void {
		this.#trouble = undefined;
		this.#echoes = hearsItself ? new Echoes(this.#filters) : undefined;
		this.#events.onUp();
	}

	#down(reason: string): void {
		const wasUp = this.#trouble === undefined;
		this.#trouble = reason;
		if (wasUp) this.#events.onDown();
	}

	#take(topic: string, text: string, retained: boolean): void {
		// What the broker kept is told once more after a new connection: it is no echo.
		if (!retained && this.#echoes?.isOurs(topic, text, performance.now())) return;
		this.#events.onMessage({ topic, text, retained, by: { type: "mqtt", user: "", remoteAddress: "" } });
	}
}
