import assert from "node:assert/strict";
import { test } from "node:test";
import { writeCommand } from "./command.ts";
import { Link } from "./link.ts";
import {
	AGGREGATE,
	AUDIO,
	DATA_AMF0,
	type Message,
	PING_REQUEST,
	RtmpError,
	setChunkSize,
	userControl,
	VIDEO,
	windowSize,
} from "./message.ts";

const message = (type: number, bytes: number): Message => {
	return { type, stream: 1, timestamp: 40, body: Buffer.alloc(bytes, type) };
};

/** Both sides of a connection; what one writes reaches the other in pieces of so many bytes, once `carry` is called. */
function pair(pieces = 10_000, maxMessage = 100_000) {
	const side = (which: "server" | "client") => {
		const told: string[] = [];
		const sent: Buffer[] = [];
		const link: Link = new Link(which, maxMessage, {
			write: (bytes) => sent.push(bytes),
			opened: () => told.push("opened"),
			media: ({ type, body }) => told.push(`${type}: ${body.length}`),
			command: ({ name }) => told.push(name),
		});
		return { told, sent, link };
	};
	const server = side("server");
	const client = side("client");
	const carry = (): void => {
		for (let from = client, to = server; from.sent.length > 0 || to.sent.length > 0; [from, to] = [to, from]) {
			const bytes = Buffer.concat(from.sent.splice(0));
			for (let at = 0; at < bytes.length; at += pieces) to.link.push(bytes.subarray(at, at + pieces));
		}
	};
	client.link.hello();
	return { server, client, carry };
}

/** The same after the handshake. */
function opened() {
	const both = pair();
	both.carry();
	for (const { told } of [both.server, both.client]) told.length = 0;
	return both;
}

test("both sides are opened, and hand on media and commands, in pieces of any size", () => {
	for (const pieces of [1, 7, 1536, 5000]) {
		const { server, client, carry } = pair(pieces);
		carry();
		assert.deepEqual([server.told, client.told], [["opened"], ["opened"]]);
		const command = writeCommand({ name: "connect", transaction: 1, stream: 0, values: [] });
		client.link.send(command, message(AUDIO, 10), message(VIDEO, 300), message(DATA_AMF0, 5));
		carry();
		assert.deepEqual(server.told.slice(1), ["connect", "8: 10", "9: 300", "18: 5"]);
	}
});

test("a new chunk size is valid from the message behind it", () => {
	const { server, client, carry } = opened();
	client.link.send(message(VIDEO, 300));
	const before = client.sent[0]!.length;
	client.link.send(setChunkSize(4096), message(VIDEO, 300));
	client.link.send(message(VIDEO, 300));
	assert.equal(before - client.sent[2]!.length, 2, "two heads of chunks fewer");
	carry();
	assert.deepEqual(server.told, ["9: 300", "9: 300", "9: 300"]);
});

test("what arrived is acknowledged after each window of the peer's", () => {
	const { server, client, carry } = opened();
	client.link.send(windowSize(5000), message(VIDEO, 3000));
	carry();
	const told = server.link.received;
	client.link.send(message(VIDEO, 3000));
	const bytes = Buffer.concat(client.sent.splice(0));
	server.link.push(bytes);
	assert.ok(told >= 5000, "the handshake counts");
	assert.equal(server.sent.length, 0, "the window is counted from the last acknowledgement");
	client.link.send(message(VIDEO, 3000));
	server.link.push(Buffer.concat(client.sent.splice(0)));
	assert.equal(Buffer.concat(server.sent).subarray(-4).readUInt32BE(), server.link.received);
});

test("a ping is answered with its number", () => {
	const { server, client } = opened();
	client.link.send(userControl(PING_REQUEST, 77));
	server.link.push(Buffer.concat(client.sent.splice(0)));
	assert.equal(Buffer.concat(server.sent).toString("hex").slice(-12), "00070000004d");
});

test("an aggregate is handed on as its messages", () => {
	const { server, client, carry } = opened();
	const tag = (type: number) => Buffer.from([type, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0, 0, 0, 12]);
	client.link.send({ ...message(AGGREGATE, 0), body: Buffer.concat([tag(AUDIO), tag(VIDEO)]) });
	carry();
	assert.deepEqual(server.told, ["8: 1", "9: 1"]);
});

test("a stopped link hands nothing on, also what was pushed together", () => {
	const told: number[] = [];
	const { client, server } = opened();
	client.link.send(message(AUDIO, 1), message(VIDEO, 2), message(DATA_AMF0, 3));
	const link: Link = new Link("server", 1000, {
		write: () => undefined,
		media: ({ type }) => {
			told.push(type);
			if (type === VIDEO) link.stop();
		},
		command: () => undefined,
	});
	link.push(Buffer.concat([Buffer.of(3), Buffer.alloc(3072), ...client.sent]));
	link.push(Buffer.concat(client.sent));
	assert.deepEqual(told, [AUDIO, VIDEO]);
	assert.deepEqual(server.told, []);
});

test("a message above the limit is a fault, and the limit can be lifted", () => {
	const both = pair(10_000, 1000);
	both.carry();
	both.client.link.send(message(VIDEO, 1001));
	const bytes = Buffer.concat(both.client.sent.splice(0));
	both.server.link.maxMessage = 1001;
	both.server.link.push(bytes);
	assert.deepEqual(both.server.told, ["opened", "9: 1001"]);
	both.server.link.maxMessage = 1000;
	assert.throws(() => both.server.link.push(bytes), RtmpError);
});
