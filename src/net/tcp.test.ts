import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import { skipFor } from "../../test/support/peers.ts";
import { native } from "./native.ts";
import { connectTcp, listenTcp } from "./tcp.ts";

const skip = skipFor(native ? undefined : "no bound without foreign functions");
const never = new AbortController().signal;

test("both ends talk over IPv4 and IPv6 on one port", async () => {
	const accepted: Socket[] = [];
	await using listener = await listenTcp("", 0, (socket) => {
		accepted.push(socket);
		socket.on("data", (data) => socket.end(data));
	});
	for (const host of ["127.0.0.1", "::1", "localhost"]) {
		const socket = await connectTcp(host, listener.port, never);
		socket.write("hello");
		const [data] = (await once(socket, "data")) as [Buffer];
		assert.equal(data.toString(), "hello", host);
		socket.destroy();
	}
	for (const socket of accepted) socket.destroy();
});

test("one address is listened on alone", async () => {
	await using listener = await listenTcp("127.0.0.1", 0, (socket) => socket.destroy());
	await assert.rejects(connectTcp("::1", listener.port, never), { code: "ECONNREFUSED" });
});

test("a port that is taken is told as Node tells it", async () => {
	await using listener = await listenTcp("127.0.0.1", 0, (socket) => socket.destroy());
	await assert.rejects(
		listenTcp("127.0.0.1", listener.port, () => {}),
		{ code: "EADDRINUSE" },
	);
	await assert.rejects(
		listenTcp("192.0.2.1", 0, () => {}),
		{ code: "EADDRNOTAVAIL" },
	);
});

test("connecting can be given up", async () => {
	await assert.rejects(connectTcp("192.0.2.1", 9, AbortSignal.timeout(20)));
});

test("a peer that reads nothing is noticed within 32 kB and its receive buffer", { skip }, async () => {
	let reader: Socket | undefined;
	await using listener = await listenTcp("127.0.0.1", 0, (socket) => {
		reader = socket;
		socket.pause();
	});
	const socket = await connectTcp("127.0.0.1", listener.port, never);
	const chunk = Buffer.alloc(65_536);
	let waiting = 0;
	// Every write that the kernel takes at once leaves nothing in Node's own buffer.
	while (socket.writableLength === 0 && waiting < 64) {
		socket.write(chunk);
		waiting++;
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.ok(waiting < 64, `${waiting} writes of 64 kB were taken`);
	socket.destroy();
	reader?.destroy();
});
