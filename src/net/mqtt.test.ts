import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { generate, type Packet, parser } from "mqtt-packet";
import { keptLog } from "../../test/support/kept-log.ts";
import { MqttConnection, type MqttEvents } from "./mqtt.ts";

const ROOM = 3;
const FORBIDDEN = 0x87;

test("who leaves before it has begun to connect is not waited for, and connects no more", {
	timeout: 20_000,
}, async () => {
	const came: Socket[] = [];
	const broker = createServer((socket) => came.push(socket)).listen(0, "127.0.0.1");
	await once(broker, "listening");
	const url = `mqtt://127.0.0.1:${(broker.address() as AddressInfo).port}`;
	const events = { onUp: () => assert.fail(), onDown: () => undefined, onMessage: () => assert.fail() };
	await new MqttConnection({ url, filters: [] }, events, keptLog().log).close();
	assert.equal(came.length, 0);
	broker.close();
});

/** A broker of MQTT 5 that has room for three messages under way, and acknowledges when it is told. */
class Broker implements AsyncDisposable {
	readonly topics: string[] = [];
	/** Topics of which it has kept a message. */
	kept: readonly string[] = [];
	/** Most that were not acknowledged at once. */
	most = 0;
	readonly #server = createServer((socket) => this.#begin(socket));
	readonly #unacknowledged: number[] = [];
	#socket: Socket | undefined;

	async listen(): Promise<string> {
		this.#server.listen(0, "127.0.0.1");
		await once(this.#server, "listening");
		return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Answers the oldest one. */
	acknowledge(reasonCode = 0): void {
		const messageId = this.#unacknowledged.shift();
		if (messageId !== undefined) this.#send({ cmd: "puback", messageId, reasonCode });
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#socket?.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#begin(socket: Socket): void {
		this.#socket = socket;
		const reader = parser({ protocolVersion: 5 });
		reader.on("packet", (packet: Packet) => this.#take(packet));
		socket.on("data", (bytes) => reader.parse(bytes)).on("error", () => undefined);
	}

	#take(packet: Packet): void {
		if (packet.cmd === "connect") {
			const properties = { receiveMaximum: ROOM };
			this.#send({ cmd: "connack", sessionPresent: false, reasonCode: 0, properties });
		} else if (packet.cmd === "subscribe") {
			assert.equal(packet.subscriptions[0]?.nl, true);
			const kept = this.kept.map(
				(topic): Packet => ({ cmd: "publish", topic, payload: "x", qos: 0, dup: false, retain: true }),
			);
			this.#send({ cmd: "suback", messageId: packet.messageId ?? 0, granted: [1] }, ...kept);
		} else if (packet.cmd === "publish") {
			this.topics.push(packet.topic);
			this.#unacknowledged.push(packet.messageId ?? 0);
			this.most = Math.max(this.most, this.#unacknowledged.length);
		}
	}

	/** In one piece. */
	#send(...packets: readonly Packet[]): void {
		this.#socket?.write(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: 5 }))));
	}
}

/** A connection that stands. */
async function connected(url: string): Promise<MqttConnection> {
	const { promise: up, resolve } = Promise.withResolvers<boolean>();
	const events: MqttEvents = { onUp: resolve, onDown: () => undefined, onMessage: () => undefined };
	const connection = new MqttConnection({ url, filters: ["a"], noLocal: true }, events, keptLog().log);
	assert.equal(await up, false, "it does not hear itself");
	return connection;
}

test("what the broker kept is told when it can be answered", { timeout: 10_000 }, async () => {
	await using broker = new Broker();
	broker.kept = ["a/1", "a/2"];
	const said: string[] = [];
	const { promise: both, resolve } = Promise.withResolvers<void>();
	const answer = (topic: string): void => {
		said.push(topic);
		connection.publish({ topic: `${topic}/answer`, payload: "x", retain: false });
		if (said.length === 3) resolve();
	};
	const events: MqttEvents = { onUp: () => said.push("up"), onDown: () => undefined, onMessage: answer };
	const url = await broker.listen();
	const connection = new MqttConnection({ url, filters: ["a/#"], noLocal: true }, events, keptLog().log);
	await both;
	assert.deepEqual(said, ["up", "a/1", "a/2"]);
	const acknowledging = setInterval(() => broker.acknowledge(), 1);
	await connection.deliver({ topic: "last", payload: "x", retain: false });
	clearInterval(acknowledging);
	assert.deepEqual(broker.topics, ["a/1/answer", "a/2/answer", "last"]);
	await connection.close();
});

test("no more is under way than the broker has room for, and all arrives in its order", {
	timeout: 10_000,
}, async () => {
	await using broker = new Broker();
	const connection = await connected(await broker.listen());
	const topics = Array.from({ length: 50 }, (_, n) => `t/${n}`);
	const message = (topic: string) => ({ topic, payload: "x", retain: false });
	for (const topic of topics.slice(0, -1)) connection.publish(message(topic));
	const last = connection.deliver(message(topics.at(-1)!));
	let isDone = false;
	const acknowledging = (): void => {
		broker.acknowledge();
		if (!isDone) setImmediate(acknowledging);
	};
	acknowledging();
	await last;
	isDone = true;
	assert.deepEqual(broker.topics, topics);
	assert.equal(broker.most, ROOM);
	await connection.close();
});

test("what the broker does not take is told, and makes room", { timeout: 10_000 }, async () => {
	await using broker = new Broker();
	const connection = await connected(await broker.listen());
	const sent = Array.from({ length: 10 }, (_, n) =>
		connection.deliver({ topic: `t/${n}`, payload: "x", retain: false }),
	);
	for (const one of sent) {
		const answering = setInterval(() => broker.acknowledge(FORBIDDEN), 1);
		await assert.rejects(one, /Not authorized/);
		clearInterval(answering);
	}
	assert.equal(broker.topics.length, sent.length);
	await connection.close();
});

test("what waits when the connection ends fails with it", { timeout: 10_000 }, async () => {
	await using broker = new Broker();
	const connection = await connected(await broker.listen());
	const sent = Array.from({ length: 10 }, (_, n) =>
		connection.deliver({ topic: `t/${n}`, payload: "x", retain: false }),
	);
	const failed = Promise.allSettled(sent);
	await connection.close();
	for (const { status } of await failed) assert.equal(status, "rejected");
});
