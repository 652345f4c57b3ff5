import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that the system gives to whoever asks for any. */
const FIRST = 12_000;
const CHOICES = 8000;

async function isFree(port: number): Promise<boolean> {
	const socket = createSocket("udp4");
	try {
		socket.bind(port, "127.0.0.1");
		await once(socket, "listening");
		return true;
	} catch {
		return false;
	} finally {
		socket.close();
	}
}

/** An even UDP port of loopback from which on those at these distances were free a moment ago. */
export async function freeUdpPorts(distances: readonly number[]): Promise<number> {
	for (let tries = 0; tries < 100; tries++) {
		const base = FIRST + 2 * Math.floor(Math.random() * CHOICES);
		const free = await Promise.all(distances.map((distance) => isFree(base + distance)));
		if (free.every(Boolean)) return base;
	}
	throw new Error("no UDP ports are free");
}

/** A UDP port that was free a moment ago, for a program that cannot say which one it took. */
export function freeUdpPort(): Promise<number> {
	return freeUdpPorts([0]);
}

/** The same for TCP: nobody listens there. */
export async function freeTcpPort(host = "127.0.0.1"): Promise<number> {
	for (let tries = 0; tries < 100; tries++) {
		const port = FIRST + Math.floor(Math.random() * 2 * CHOICES);
		if (await canListen(port, host)) return port;
	}
	throw new Error("no TCP port is free");
}

async function canListen(port: number, host: string): Promise<boolean> {
	const server = createServer().listen(port, host);
	try {
		await once(server, "listening");
	} catch {
		return false;
	}
	server.close();
	await once(server, "close");
	return true;
}
