import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { Access } from "../../access/access.ts";
import { createLog } from "../../observe/log.ts";
import { EmbeddedBus } from "./embedded.ts";

const log = createLog({ level: "silent", file: "", format: "json" });
const everywhere = { paths: ["*"], ips: [] };
const [CONNACK, PUBACK, PUBREC, PUBCOMP, SUBACK] = [0x20, 0x40, 0x50, 0x70, 0x90];
const [PUBLISH, PUBREL, SUBSCRIBE] = [0x30, 0x62, 0x82];

async function open(maxConnectionsPerUser = 100): Promise<EmbeddedBus> {
	const access = new Access({
		anonymous: [],
		users: [
			{ name: "robot1", password: "r", allow: ["publish"], paths: ["robot1/*"], ips: [] },
			{ name: "robot2", password: "r", allow: ["publish"], paths: ["robot2/*"], ips: [] },
			{ name: "pilot", password: "p", allow: ["control", "api"], ...everywhere },
		],
		...{ loginTime: 1000, failureDelay: 0, failures: 100, failurePause: 1000 },
	});
	const plain = { has: (topic: string) => topic === "robot/stream", pathOf: () => undefined };
	const options = { access, plan: { prefix: "vedette", plain }, explain: () => undefined, filters: [] };
	const where = { addresses: [{ host: "127.0.0.1", port: 0 }], tls: undefined };
	const limits = { maxConnections: 100, maxConnectionsPerUser };
	const events = { onUp() {}, onDown() {}, onMessage() {} };
	return EmbeddedBus.open({ ...options, ...where, ...limits }, events, log);
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const text = (value: string): Buffer => Buffer.concat([u16(Buffer.byteLength(value)), Buffer.from(value)]);

function packet(type: number, ...parts: readonly Buffer[]): Buffer {
	const body = Buffer.concat(parts);
	const length: number[] = [];
	for (let left = body.length; ; left >>= 7) {
		length.push(left > 127 ? (left & 127) | 128 : left);
		if (left <= 127) return Buffer.concat([Buffer.from([type, ...length]), body]);
	}
}

/** A client that speaks MQTT byte by byte, so that it can break every rule; 3.1.1 (level 4) but for CONNECT, which may be of 5. */
class Client implements Disposable {
	readonly socket: Socket;
	#bytes = Buffer.alloc(0);
	#isClosed = false;
	#wake = (): void => undefined;

	constructor({ ports: [port = 0] }: EmbeddedBus) {
		this.socket = connect(port, "127.0.0.1");
		this.socket.on("data", (part: Buffer) => {
			this.#bytes = Buffer.concat([this.#bytes, part]);
			this.#wake();
		});
		this.socket
			.on("error", () => undefined)
			.on("close", () => {
				this.#isClosed = true;
				this.#wake();
			});
	}

	static async login(bus: EmbeddedBus, id: string, user = "robot1", password = "r"): Promise<Client> {
		const client = new Client(bus);
		assert.deepEqual(await client.comes(id, user, password), Buffer.from([0, 0]));
		return client;
	}

	/** What the broker answers to who comes. */
	async comes(id: string, user: string, password: string, level: 4 | 5 = 4): Promise<Buffer | undefined> {
		const head = [text("MQTT"), Buffer.from([level, 0xc2]), u16(0), Buffer.alloc(level === 5 ? 1 : 0)];
		this.socket.write(packet(0x10, ...head, text(id), text(user), text(password)));
		return this.answer(CONNACK);
	}

	publish(topic: string, payload: Buffer | string, { qos = 1, retain = false, id = 1 } = {}): void {
		const type = PUBLISH | (qos << 1) | Number(retain);
		this.socket.write(packet(type, text(topic), ...(qos > 0 ? [u16(id)] : []), Buffer.from(payload)));
	}

	/** The code of the answer. */
	async subscribe(filter: string): Promise<number | undefined> {
		this.socket.write(packet(SUBSCRIBE, u16(7), text(filter), Buffer.from([0])));
		return (await this.answer(SUBACK))?.[2];
	}

	/** The body of the next packet of a type, those before it left out; undefined when the connection has ended. */
	async answer(type: number): Promise<Buffer | undefined> {
		for (;;) {
			const next = this.#next();
			if (next && (next.type & 0xf0) === type) return next.body;
			if (next) continue;
			if (this.#isClosed) return undefined;
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}

	#next(): { type: number; body: Buffer } | undefined {
		let length = 0;
		for (let i = 1; i < this.#bytes.length; i++) {
			length |= (this.#bytes[i]! & 127) << (7 * (i - 1));
			if (this.#bytes[i]! > 127) continue;
			if (this.#bytes.length < i + 1 + length) return undefined;
			const found = { type: this.#bytes[0]!, body: this.#bytes.subarray(i + 1, i + 1 + length) };
			this.#bytes = this.#bytes.subarray(i + 1 + length);
			return found;
		}
		return undefined;
	}

	[Symbol.dispose](): void {
		this.socket.destroy();
	}
}

const refused = Buffer.from([0, 5]);

test("names that every object has are no client's, no filter's and no topic's", { timeout: 10_000 }, async () => {
	await using bus = await open();
	for (const name of ["constructor", "__proto__", "toString"]) {
		using client = new Client(bus);
		assert.deepEqual(await client.comes(name, "robot1", "r"), refused, name);
		using pilot = await Client.login(bus, "pilot", "pilot", "p");
		assert.equal(await pilot.subscribe(name), 128, name);
		pilot.publish(name, "x");
		assert.equal(await pilot.answer(PUBACK), undefined, "such a publish ends the connection");
	}
	using after = await Client.login(bus, "after");
	after.publish("robot1/x", "x");
	assert.ok(await after.answer(PUBACK), "the broker is alive");
});

test("nobody takes the place of another's connection by its client id", { timeout: 10_000 }, async () => {
	await using bus = await open();
	using pilot = await Client.login(bus, "house", "pilot", "p");
	using robot = new Client(bus);
	assert.deepEqual(await robot.comes("house", "robot1", "r"), refused);
	assert.equal(await pilot.subscribe("x"), 0, "it stands");
	using again = await Client.login(bus, "house", "pilot", "p");
	assert.equal(await pilot.answer(PUBLISH), undefined, "one's own is replaced");
	assert.equal(await again.subscribe("x"), 0);
});

test("one user has so many connections, and another has room; who is too many hears that", {
	timeout: 10_000,
}, async () => {
	await using bus = await open(2);
	using first = await Client.login(bus, "a");
	await Client.login(bus, "b");
	for (const [level, answer] of [
		[4, [0, 3]],
		[5, [0, 0x97, 0]],
	] as const) {
		using third = new Client(bus);
		assert.deepEqual(await third.comes("c", "robot1", "r", level), Buffer.from(answer));
		assert.equal(await third.answer(CONNACK), undefined, "and the connection ends");
	}
	assert.equal(bus.turnedAway, 2);
	using other = await Client.login(bus, "other", "robot2");
	assert.equal(await other.subscribe("robot2/x"), 0);
	using again = await Client.login(bus, "a");
	assert.equal(await first.answer(PUBLISH), undefined, "one's own connection is replaced");
	again.socket.destroy();
	for (;;) {
		using next = new Client(bus);
		const answer = await next.comes("d", "robot1", "r");
		if (answer?.[1] === 0) break;
		assert.deepEqual(answer, Buffer.from([0, 3]), "the end of the other is not known yet");
	}
});

test("a wrong password is told in the words of each version", { timeout: 10_000 }, async () => {
	await using bus = await open();
	for (const [level, answer] of [
		[4, [0, 5]],
		[5, [0, 0x87, 0]],
	] as const) {
		using client = new Client(bus);
		assert.deepEqual(await client.comes("a", "robot1", "wrong", level), Buffer.from(answer));
		assert.equal(await client.answer(CONNACK), undefined);
	}
	using good = new Client(bus);
	assert.deepEqual((await good.comes("a", "robot1", "r", 5))?.subarray(0, 2), Buffer.from([0, 0]));
});

test("messages of QoS 2 that are never released are bounded; released ones are not", { timeout: 20_000 }, async () => {
	await using bus = await open();
	using good = await Client.login(bus, "good");
	for (let id = 1; id <= 1100; id++) {
		good.publish("robot1/x", "x", { qos: 2, id });
		assert.ok(await good.answer(PUBREC), `${id}`);
		good.socket.write(packet(PUBREL, u16(id)));
		assert.ok(await good.answer(PUBCOMP));
	}
	using bad = await Client.login(bus, "bad");
	let taken = 0;
	for (let id = 1; id <= 1100; id++) {
		bad.publish("robot1/x", "x", { qos: 2, id });
		if (!(await bad.answer(PUBREC))) break;
		taken += 1;
	}
	assert.equal(taken, 1000);
});

test("a command is never kept, whatever its sender wishes; a robot's own state is", { timeout: 10_000 }, async () => {
	await using bus = await open();
	using pilot = await Client.login(bus, "pilot", "pilot", "p");
	using robot = await Client.login(bus, "robot");
	for (const topic of ["vedette/robot1/front/stream/set", "robot/stream"])
		pilot.publish(topic, "start", { retain: true });
	await pilot.answer(PUBACK);
	await pilot.answer(PUBACK);
	robot.publish("vedette/robot1/front/snapshot", "jpeg", { retain: true });
	robot.publish("vedette/robot1/available", "{}", { retain: true });
	await robot.answer(PUBACK);
	await robot.answer(PUBACK);
	assert.equal(await pilot.subscribe("robot/stream"), 0);
	assert.equal(await pilot.subscribe("vedette/#"), 0);
	const body = await pilot.answer(PUBLISH);
	assert.equal(body?.toString("utf8", 2, 2 + body.readUInt16BE(0)), "vedette/robot1/available");
});

test("what one client lets the broker keep is bounded", { timeout: 20_000 }, async () => {
	await using bus = await open();
	using robot = await Client.login(bus, "robot");
	let kept = 0;
	for (let i = 0; i < 1100; i++) {
		robot.publish(`robot1/${i}`, "x", { retain: true });
		if (!(await robot.answer(PUBACK))) break;
		kept += 1;
	}
	assert.equal(kept, 1000);
	using other = await Client.login(bus, "other", "robot2");
	other.publish("robot2/x", "x", { retain: true });
	assert.ok(await other.answer(PUBACK), "another has room");
});

test("the filters of one client are bounded", { timeout: 20_000 }, async () => {
	await using bus = await open();
	using robot = await Client.login(bus, "robot");
	for (let i = 0; i < 300; i++) assert.equal(await robot.subscribe(`robot1/${i}`), 0);
	assert.equal(await robot.subscribe("robot1/more"), 128);
	assert.equal(await robot.subscribe("robot1/7"), 0, "known already");
	assert.equal(await robot.subscribe(`robot1/${"x".repeat(2000)}`), 128);
});

test("who reads too slowly is sent away, and holds up nobody meanwhile", { timeout: 30_000 }, async () => {
	await using bus = await open();
	using slow = await Client.login(bus, "slow");
	assert.equal(await slow.subscribe("robot1/flood"), 0);
	slow.socket.pause();
	using listener = await Client.login(bus, "listener", "robot2");
	assert.equal(await listener.subscribe("robot2/x"), 0);
	const flood = Buffer.alloc(60_000);
	// More messages at once than aedes lets wait by itself; each sender's next waits for its last one.
	const senders = await Promise.all(Array.from({ length: 90 }, (_, i) => Client.login(bus, `sender${i}`)));
	for (const sender of senders) for (let i = 0; i < 4; i++) sender.publish("robot1/flood", flood);
	await Promise.all(senders.map((sender) => sender.answer(PUBACK)));
	const began = performance.now();
	using other = await Client.login(bus, "other", "robot2");
	other.publish("robot2/x", "news");
	assert.ok(await listener.answer(PUBLISH));
	assert.ok(performance.now() - began < 3000, "at once");
	for (let i = 0; i < 100 && !slow.socket.closed; i++) {
		senders[i % 90]?.publish("robot1/flood", flood, { qos: 0 });
		slow.socket.resume();
		await Promise.race([once(slow.socket, "close"), new Promise((resolve) => setTimeout(resolve, 50))]);
	}
	assert.ok(slow.socket.closed);
	for (const sender of senders) sender.socket.destroy();
});
