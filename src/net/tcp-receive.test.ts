import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import { connectTcp, listenTcp } from "./tcp.ts";
import { receiveInPlace } from "./tcp-receive.ts";

const never = new AbortController().signal;

test("two sockets receive in turn, answer, and end", async () => {
	const accepted: Socket[] = [];
	const ended: Promise<unknown>[] = [];
	await using listener = await listenTcp("127.0.0.1", 0, (socket) => {
		const own = receiveInPlace(socket, (bytes, length) => own.write(bytes.toString("utf8", 0, length).toUpperCase()));
		own.on("error", () => undefined);
		accepted.push(own);
		ended.push(new Promise((resolve) => own.on("close", resolve)));
	});
	const clients = [
		await connectTcp("127.0.0.1", listener.port, never),
		await connectTcp("127.0.0.1", listener.port, never),
	];
	for (const text of ["one", "two", "three"]) {
		for (const client of clients) {
			client.write(text);
			const [answer] = (await once(client, "data")) as [Buffer];
			assert.equal(answer.toString(), text.toUpperCase());
		}
	}
	assert.equal(accepted[0]?.remotePort, clients[0]?.localPort);
	clients[0]?.end();
	clients[1]?.resetAndDestroy();
	await Promise.all(ended);
	clients[0]?.destroy();
});

test("a socket without a handle of Node's is read as ever", async () => {
	const got: string[] = [];
	let data: (bytes: Buffer) => void = () => undefined;
	const plain = {
		on(_: string, listener: (bytes: Buffer) => void) {
			data = listener;
			return this;
		},
		resume: () => undefined,
	} as unknown as Socket;
	assert.equal(
		receiveInPlace(plain, (bytes, length) => got.push(bytes.toString("utf8", 0, length))),
		plain,
	);
	data(Buffer.from("hello"));
	assert.deepEqual(got, ["hello"]);
});
