import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { pause } from "../../../bench/support/clock.ts";

/** How long an answer is waited for. */
const PATIENCE_MS = 3000;

/** What a server did with what it was sent. */
export interface Reaction {
	/** The first line of its answer; empty where there was none. */
	readonly answer: string;
	/** Whether it ended the connection. */
	readonly closed: boolean;
}

/** Sends bytes to a TCP port of this machine and waits until it answers or closes, at most 3 s. */
export async function say(port: number, bytes: string | Uint8Array): Promise<Reaction> {
	const socket = connect(port, "127.0.0.1");
	let text = "";
	let closed = false;
	const settled = Promise.withResolvers<void>();
	socket.on("data", (data) => {
		text += data.toString("latin1");
		if (text.includes("\r\n\r\n")) settled.resolve();
	});
	socket.on("error", () => socket.destroy());
	socket.on("close", () => {
		closed = true;
		settled.resolve();
	});
	socket.write(bytes);
	const late = setTimeout(settled.resolve, PATIENCE_MS);
	await settled.promise;
	clearTimeout(late);
	socket.destroy();
	return { answer: text.split("\r\n")[0] ?? "", closed };
}

/** Connections that say a little, or nothing, and stay. */
export async function halfOpen(port: number, count: number, bytes: string): Promise<Socket[]> {
	const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1"));
	for (const socket of sockets) socket.on("error", () => socket.destroy());
	await Promise.all(sockets.map((socket) => once(socket, "connect")));
	for (const socket of sockets) if (bytes) socket.write(bytes);
	return sockets;
}

/** Sends datagrams to a UDP port of this machine; gives the bytes that came back within 300 ms of the last. */
export async function throwAt(port: number, datagrams: readonly Uint8Array[]): Promise<number> {
	const socket = createSocket("udp4").bind(0, "127.0.0.1");
	await once(socket, "listening");
	let back = 0;
	socket.on("message", (bytes) => {
		back += bytes.length;
	});
	for (const [i, datagram] of datagrams.entries()) {
		socket.send(datagram, port, "127.0.0.1");
		if (i % 50 === 49) await pause(1);
	}
	await pause(300);
	socket.close();
	return back;
}
