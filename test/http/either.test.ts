import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { connect as secureConnect, type TLSSocket } from "node:tls";
import { startTestRelay, type TestRelay } from "../support/relay.ts";

const http = { address: "127.0.0.1:0", requestTimeout: "1 s" };
/** More than the time for a request, and how often the server looks. */
const PATIENCE_MS = 5000;

const portOf = ({ relay }: TestRelay): number => relay.ports.http[0]!;

async function plain(relay: TestRelay): Promise<Socket> {
	const socket = connect(portOf(relay), "127.0.0.1");
	await once(socket, "connect");
	return socket.on("error", () => undefined);
}

async function secure(relay: TestRelay): Promise<TLSSocket> {
	const socket = secureConnect({ port: portOf(relay), host: "127.0.0.1", rejectUnauthorized: false });
	await once(socket, "secureConnect");
	return socket.on("error", () => undefined);
}

const slow: readonly (readonly [name: string, begin: (relay: TestRelay) => Promise<Socket>])[] = [
	["who says nothing", plain],
	[
		"who begins a handshake and stops",
		async (relay) => {
			const socket = await plain(relay);
			socket.write("\x16\x03");
			return socket;
		},
	],
	[
		"who begins a request and stops",
		async (relay) => {
			const socket = await plain(relay);
			socket.write("GET / HTTP/1.1\r\nHost: x\r\n");
			return socket;
		},
	],
	["who says nothing behind the handshake", secure],
	[
		"who begins a request behind the handshake and stops",
		async (relay) => {
			const socket = await secure(relay);
			socket.write("GET / HTTP/1.1\r\nHost: x\r\n");
			return socket;
		},
	],
];

for (const [name, begin] of slow) {
	test(`one port for HTTP and TLS: ${name} is left`, { timeout: 20_000 }, async () => {
		await using relay = await startTestRelay({ http });
		const socket = await begin(relay);
		socket.resume();
		await once(socket, "close", { signal: AbortSignal.timeout(PATIENCE_MS) });
	});
}

test("one port for HTTP and TLS: who has said nothing does not hold up the end", { timeout: 20_000 }, async () => {
	await using relay = await startTestRelay({ http: { ...http, requestTimeout: "5 m" } });
	const [silent, begun] = [await plain(relay), await plain(relay)];
	begun.write("\x16");
	const closed = Promise.all(
		[silent, begun].map((socket) => new Promise((resolve) => socket.resume().on("close", resolve))),
	);
	await relay.relay.stop();
	await Promise.race([
		closed,
		new Promise((_, reject) => setTimeout(reject, PATIENCE_MS, new Error("still open")).unref()),
	]);
});
