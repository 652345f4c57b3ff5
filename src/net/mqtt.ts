import type { IClientOptions, MqttClient } from "mqtt";
import type { Log } from "../observe/log.ts";
import { type Backoff, backoffMs, sleep } from "./backoff.ts";
import { Flight } from "./flight.ts";
import { PinnedAgent } from "./tls.ts";

const BACKOFF: Backoff = { firstMs: 500, mostMs: 20_000 };
/** A connection that stood this long was a good one: its end is the first failure again. */
const GOOD_AFTER_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Seconds. A broker calls a client gone that it has not heard of for one and a half of it. */
const KEEP_ALIVE_S = 30;
/** What is said at the end is waited for no longer than this. */
const GOODBYE_MS = 1000;
/** What brokers answer that do not speak a version: those of MQTT 5 (section 3.2.2.2), and older ones (3.1.1 section 3.2.2.3). */
const UNKNOWN_VERSION: ReadonlySet<unknown> = new Set([0x84, 0x01]);

/** So many messages may be under way to a broker that names no other number (MQTT 5 section 3.2.2.3.3). */
const MOST_UNDER_WAY = 65_535;

/** As the protocol numbers them: 4 is MQTT 3.1.1. */
type Version = 4 | 5;

/** A message to be published. */
export interface MqttMessage {
	readonly topic: string;
	readonly payload: string | Buffer;
	readonly retain: boolean;
}

/** How a broker is reached. */
export interface MqttOptions {
	/** `mqtt://`, `mqtts://`, `ws://` or `wss://`, with user and password. */
	readonly url: string;
	/** Left out, one of its own making. */
	readonly clientId?: string;
	/** PEM of whoever signed the broker's certificate; left out, whom the system trusts. */
	readonly ca?: string | undefined;
	/** Of `wss://`: SHA-256 of the one certificate that is taken, as `secureTcp` has it. */
	readonly fingerprint?: string | undefined;
	readonly filters: readonly string[];
	/** What is published here is not to come back. Only MQTT 5 can say so; a broker that does not speak it is spoken to in 3.1.1. */
	readonly noLocal?: boolean;
}

/** How a connection ended, or an attempt. */
interface Ending {
	readonly reason: string;
	/** The broker does not speak this version of MQTT, as it says, or as its silence lets guess. */
	readonly isForVersion: boolean;
}

/** What happens on the way. */
export interface MqttEvents {
	/** What the broker is to publish when this connection breaks; asked before each. */
	will?(): MqttMessage;
	/** A connection stands, and what was asked for is heard from now on: `hearsItself` where that is what is published here, too. */
	onUp(hearsItself: boolean): void;
	/** It is over, or an attempt failed; it is tried again. */
	onDown(reason: string): void;
	/** After `onUp` only, also what was there before. */
	onMessage(topic: string, payload: Buffer, retained: boolean): void;
	/** What is published before leaving on purpose. */
	goodbye?(): readonly MqttMessage[];
}

function tlsOptions({ ca, fingerprint }: MqttOptions): IClientOptions {
	if (fingerprint !== undefined) return { wsOptions: { agent: new PinnedAgent(fingerprint) } };
	return ca === undefined ? {} : { ca, wsOptions: { ca } };
}

/** Whether an error is the broker's own no, with the protocol's code. */
function isAnswer(error: Error): boolean {
	return "code" in error && typeof error.code === "number";
}

/** Some brokers end a connection in a version that they do not know without a word. */
function refusesVersion(error: Error): boolean {
	const code = "code" in error ? error.code : undefined;
	return UNKNOWN_VERSION.has(code) || code === "ECONNRESET";
}

type EarlyMessage = Parameters<MqttEvents["onMessage"]>;

/** A connection to a broker that comes back for ever. Its sessions end with it: nothing old is waiting when it comes back. */
export class MqttConnection {
	readonly #options: MqttOptions;
	readonly #events: MqttEvents;
	readonly #log: Log;
	readonly #abort = new AbortController();
	readonly #done: Promise<void>;
	#client: MqttClient | undefined;
	/** A broker ends the connection of who has more under way than it allows, which the library does not see to. */
	#flight = new Flight(MOST_UNDER_WAY);
	/** What the broker kept comes with its answer to the subscription, before anything could be said to it. */
	#early: EarlyMessage[] = [];

	constructor(options: MqttOptions, events: MqttEvents, log: Log) {
		this.#options = options;
		this.#events = events;
		this.#log = log;
		this.#done = this.#run();
	}

	get isUp(): boolean {
		return this.#client !== undefined;
	}

	/** Is lost where the broker is away. */
	publish(message: MqttMessage, qos: 0 | 1 = 1): void {
		if (!this.#client) return;
		this.#send(this.#client, message, qos).catch((error: Error) => {
			const { topic } = message;
			if (isAnswer(error)) this.#log.warn({ topic, reason: error.message }, "the broker does not take this");
		});
	}

	/** Resolves when the broker has it. Rejects where it is away. */
	async deliver(message: MqttMessage): Promise<void> {
		if (!this.#client) throw new Error("the broker is away");
		await this.#send(this.#client, message, 1);
	}

	/** Says goodbye, and goes. */
	async close(): Promise<void> {
		this.#abort.abort();
		await this.#done;
	}

	async #send(client: MqttClient, { topic, payload, retain }: MqttMessage, qos: 0 | 1): Promise<void> {
		const publish = () => client.publishAsync(topic, payload, { qos, retain });
		await (qos === 0 ? publish() : this.#flight.take(publish));
	}

	async #run(): Promise<void> {
		const { signal } = this.#abort;
		for (let failures = 0; !signal.aborted; ) {
			const since = performance.now();
			const reason = await this.#connection();
			this.#events.onDown(reason);
			if (signal.aborted) return;
			failures = performance.now() - since >= GOOD_AFTER_MS ? 1 : failures + 1;
			const waitMs = backoffMs(BACKOFF, failures, Math.random());
			this.#log.warn({ reason, waitMs }, "no broker; trying again");
			await sleep(waitMs, signal);
		}
	}

	/** One connection from its beginning to its end; gives the reason of the end. */
	async #connection(): Promise<string> {
		const version = this.#options.noLocal ? 5 : 4;
		const { reason, isForVersion } = await this.#attempt(version);
		if (version === 4 || !isForVersion || this.#abort.signal.aborted) return reason;
		this.#log.info({ reason }, "MQTT 5 was refused: trying 3.1.1");
		return (await this.#attempt(4)).reason;
	}

	async #attempt(version: Version): Promise<Ending> {
		// A relay with a broker of its own does without this library's memory.
		const { connect } = await import("mqtt");
		if (this.#abort.signal.aborted) return { reason: "going down", isForVersion: false };
		const client = connect(this.#options.url, this.#clientOptions(version));
		const { promise: ended, resolve: end } = Promise.withResolvers<Ending>();
		let isIn = false;
		const fail = (reason: string, isForVersion = false): void => end({ reason, isForVersion: isForVersion && !isIn });
		client.on("error", (error) => fail(error.message, refusesVersion(error)));
		client.on("close", () => fail("connection closed", true));
		this.#early = [];
		client.on("message", (topic, payload, { retain }) => {
			if (this.#client === client) this.#events.onMessage(topic, payload, retain);
			else this.#early.push([topic, payload, retain]);
		});
		client.once("connect", ({ properties }) => {
			isIn = true;
			this.#flight = new Flight(properties?.receiveMaximum ?? MOST_UNDER_WAY);
			this.#begin(client, version).catch((error) => fail(String(error)));
		});
		const leave = (): void => fail("going down");
		this.#abort.signal.addEventListener("abort", leave);
		const ending = await ended;
		this.#abort.signal.removeEventListener("abort", leave);
		this.#client = undefined;
		await this.#leave(client);
		return ending;
	}

	#clientOptions(protocolVersion: Version): IClientOptions {
		const { clientId } = this.#options;
		const will = this.#events.will?.();
		return {
			...tlsOptions(this.#options),
			...(clientId !== undefined && { clientId }),
			...(will && { will: { ...will, payload: Buffer.from(will.payload), qos: 1 } }),
			protocolVersion,
			clean: true,
			keepalive: KEEP_ALIVE_S,
			connectTimeout: CONNECT_TIMEOUT_MS,
			reconnectPeriod: 0,
			resubscribe: false,
		};
	}

	async #begin(client: MqttClient, version: Version): Promise<void> {
		const { filters, noLocal: nl = false } = this.#options;
		await client.subscribeAsync([...filters], { qos: 1, ...(version === 5 && { nl }) });
		this.#client = client;
		this.#log.info({ version: version === 5 ? "5" : "3.1.1" }, "connected to the broker");
		this.#events.onUp(version === 4 || !nl);
		for (const message of this.#early.splice(0)) this.#events.onMessage(...message);
	}

	async #leave(client: MqttClient): Promise<void> {
		if (client.connected && this.#abort.signal.aborted) {
			for (const { topic, payload, retain } of this.#events.goodbye?.() ?? []) {
				client.publish(topic, payload, { qos: 1, retain });
			}
			await Promise.race([client.endAsync(false), sleep(GOODBYE_MS, AbortSignal.timeout(GOODBYE_MS))]);
			// One that still waits for answers would take the next line for the same goodbye, and stay.
			client.disconnecting = false;
		}
		await client.endAsync(true);
	}
}
