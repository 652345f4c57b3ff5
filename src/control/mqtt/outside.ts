import { MqttConnection, type MqttOptions } from "../../net/mqtt.ts";
import type { Log } from "../../observe/log.ts";
import { withoutPassword } from "../../observe/secrets.ts";
import type { Bus, BusEvents } from "./bus.ts";
import { Echoes } from "./echoes.ts";

/** Another broker: Mosquitto, EMQX … */
export class OutsideBus implements Bus {
	#trouble: string | undefined = "not connected yet";
	readonly #events: BusEvents;
	readonly #echoes = new Echoes();
	readonly #connection: MqttConnection;

	constructor(options: MqttOptions, events: BusEvents, log: Log) {
		this.#events = events;
		const own = {
			onUp: () => this.#up(),
			onDown: (reason: string) => this.#down(reason),
			onMessage: (topic: string, payload: Buffer, retained: boolean) => this.#take(topic, payload.toString(), retained),
		};
		this.#connection = new MqttConnection(options, own, log.child({ broker: withoutPassword(options.url) }));
	}

	publish(topic: string, text: string, retain: boolean): void {
		if (!this.#connection.isUp) return;
		this.#echoes.sent(topic, text);
		this.#connection.publish({ topic, payload: text, retain });
	}

	async deliver(topic: string, text: string): Promise<void> {
		if (this.#trouble !== undefined) throw new Error(`the broker is away: ${this.#trouble}`);
		this.#echoes.sent(topic, text);
		await this.#connection.deliver({ topic, payload: text, retain: false });
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.#connection.close();
	}

	#up(): void {
		this.#trouble = undefined;
		this.#echoes.clear();
		this.#events.onUp();
	}

	#down(reason: string): void {
		const wasUp = this.#trouble === undefined;
		this.#trouble = reason;
		if (wasUp) this.#events.onDown();
	}

	#take(topic: string, text: string, retained: boolean): void {
		// What the broker kept is told once more after a new connection: it is no echo.
		if (!retained && this.#echoes.isOurs(topic, text)) return;
		this.#events.onMessage({ topic, text, retained, by: { type: "mqtt", user: "", remoteAddress: "" } });
	}
}
