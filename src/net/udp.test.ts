import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openUdp, type UdpSocket } from "./udp.ts";

interface Datagram {
	readonly text: string;
	readonly port: number;
	readonly socket: UdpSocket;
}

function collect(): { got: Promise<Datagram>; on: Parameters<typeof openUdp>[1] } {
	const { promise, resolve } = Promise.withResolvers<Datagram>();
	return { got: promise, on: (bytes, _address, port, socket) => resolve({ text: `${bytes}`, port, socket }) };
}

for (const host of ["127.0.0.1", "[::1]"]) {
	test(`${host}: a datagram there, and an answer back by the socket that heard it`, async (t) => {
		const there = collect();
		const back = collect();
		const server = await openUdp(`${host}:0`, there.on).catch(() => undefined);
		if (!server) return t.skip(`no ${host} on this machine`);
		const client = await openUdp(`${host}:0`, back.on);
		t.after(() => Promise.all([server.close(), client.close()]));
		const { address } = server.sockets[0]!;
		client.sockets[0]!.send(Buffer.from("there"), address, server.port);
		const heard = await there.got;
		assert.deepEqual([heard.text, heard.port, heard.socket], ["there", client.port, server.sockets[0]]);
		heard.socket.send(Buffer.from("back"), address, heard.port);
		assert.equal((await back.got).text, "back");
	});
}

test("a wildcard is one socket for each address of the machine, all on one port", async (t) => {
	const port = await openUdp(":0", () => {});
	t.after(() => port.close());
	const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
	assert.ok(own.every(({ address }) => port.sockets.some((socket) => socket.address.split("%")[0] === address)));
	assert.ok(port.sockets.every((socket) => socket.port === port.port && port.port > 0));
	assert.equal(port.from("127.0.0.1")?.address, "127.0.0.1");
	assert.equal(port.from("192.0.2.1"), undefined);
});

test("a port that is taken, an address of another machine, and no address at all", async (t) => {
	const port = await openUdp("127.0.0.1:0", () => {});
	t.after(() => port.close());
	await assert.rejects(
		openUdp(`127.0.0.1:${port.port}`, () => {}),
		{ code: "EADDRINUSE" },
	);
	await assert.rejects(
		openUdp("192.0.2.1:0", () => {}),
		/192\.0\.2\.1/,
	);
	await assert.rejects(
		openUdp("8189", () => {}),
		RangeError,
	);
});

test("sending never throws, whatever the address", async (t) => {
	const port = await openUdp("127.0.0.1:0", () => {});
	t.after(() => port.close());
	for (const address of ["nonsense", "", "255.255.255.255", "::1"]) {
		assert.doesNotThrow(() => port.sockets[0]!.send(Buffer.from("x"), address, 9));
	}
});

if (process.env.VEDETTE_NO_NATIVE !== "1") {
	test("all of this by dgram alone, where there are no foreign functions", async () => {
		const env = { ...process.env, VEDETTE_NO_NATIVE: "1", NODE_TEST_CONTEXT: "" };
		await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url)], { env });
	});
}
