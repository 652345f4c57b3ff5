import { connect, type MqttClient } from "mqtt";
import { type Backoff, backoffMs, sleep } from "../../net/backoff.ts";
import type { Log } from "../../observe/log.ts";
import { withoutPassword } from "../../observe/secrets.ts";
import type { Bus, BusEvents } from "./bus.ts";
import { Echoes } from "./echoes.ts";

const BACKOFF: Backoff = { firstMs: 500, mostMs: 20_000 };
/** A connection that stood this long was a good one: its end is the first failure again. */
const GOOD_AFTER_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 30;

/** How another broker is reached. */
export interface OutsideOptions {
	/** `mqtt://`, `mqtts://`, `ws://` or `wss://`, with user and password. */
	readonly url: string;
	/** PEM; undefined for the authorities that the system trusts. */
	readonly ca: string | undefined;
	/** What to listen to. */
	readonly filters: readonly string[];
}

/** Another broker: Mosquitto, EMQX … Comes back for ever. */
export class OutsideBus implements Bus {
	trouble: string | undefined = "not connected yet";
	readonly #options: OutsideOptions;
	readonly #events: BusEvents;
	readonly #log: Log;
	readonly #abort = new AbortController();
	readonly #echoes = new Echoes();
	readonly #done: Promise<void>;
	#client: MqttClient | undefined;

	constructor(options: OutsideOptions, events: BusEvents, log: Log) {
		this.#options = options;
		this.#events = events;
		this.#log = log.child({ broker: withoutPassword(options.url) });
		this.#done = this.#run();
	}

	publish(topic: string, text: string, retain: boolean): void {
		if (!this.#client) return;
		this.#echoes.sent(topic, text);
		this.#client.publish(topic, text, { qos: 1, retain });
	}

	async deliver(topic: string, text: string): Promise<void> {
		if (!this.#client) throw new Error(`the broker is away: ${this.trouble}`);
		this.#echoes.sent(topic, text);
		await this.#client.publishAsync(topic, text, { qos: 1 });
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#abort.abort();
		await this.#done;
	}

	async #run(): Promise<void> {
		const { signal } = this.#abort;
		for (let failures = 0; !signal.aborted; ) {
			const since = performance.now();
			const reason = await this.#connection();
			if (signal.aborted) return;
			const wasUp = this.trouble === undefined;
			this.trouble = reason;
			if (wasUp) this.#events.onDown();
			failures = performance.now() - since >= GOOD_AFTER_MS ? 1 : failures + 1;
			const waitMs = backoffMs(BACKOFF, failures, Math.random());
			this.#log.warn({ reason, waitMs }, "no broker; trying again");
			await sleep(waitMs, signal);
		}
	}

	/** One connection from its beginning to its end; gives the reason of the end. */
	async #connection(): Promise<string> {
		const client = connect(this.#options.url, {
			...(this.#options.ca !== undefined && { ca: this.#options.ca }),
			clean: true,
			keepalive: KEEP_ALIVE_S,
			connectTimeout: CONNECT_TIMEOUT_MS,
			reconnectPeriod: 0,
			resubscribe: false,
		});
		const { promise: ended, resolve: end } = Promise.withResolvers<string>();
		client.on("error", ({ message }) => end(message));
		client.on("close", () => end("connection closed"));
		client.on("message", (topic, payload, { retain }) => this.#take(topic, payload.toString(), retain));
		client.once("connect", () => this.#begin(client).catch((error) => end(String(error))));
		const leave = (): void => end("the relay is going down");
		this.#abort.signal.addEventListener("abort", leave);
		const reason = await ended;
		this.#abort.signal.removeEventListener("abort", leave);
		this.#client = undefined;
		await client.endAsync(!client.connected);
		return reason;
	}

	async #begin(client: MqttClient): Promise<void> {
		this.#echoes.clear();
		await client.subscribeAsync([...this.#options.filters], { qos: 1 });
		this.#client = client;
		this.trouble = undefined;
		this.#log.info("connected to the broker");
		this.#events.onUp();
	}

	#take(topic: string, text: string, retained: boolean): void {
		// What the broker kept is told once more after a new connection: it is no echo.
		if (!retained && this.#echoes.isOurs(topic, text)) return;
		this.#events.onMessage({ topic, text, retained, by: { type: "mqtt", user: "", remoteAddress: "" } });
	}
}
