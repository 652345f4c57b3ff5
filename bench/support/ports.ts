import { randomInt } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { pause } from "./clock.ts";

const RETRY_MS = 20;
/** Below the ports that the system gives to connections. */
const FIRST = 20_000;
const LAST = 32_000;

async function isFree(port: number): Promise<boolean> {
	const server = createServer().listen(port, "127.0.0.1");
	try {
		await once(server, "listening");
		server.close();
		await once(server, "close");
		return true;
	} catch {
		return false;
	}
}

/** Ports of the loopback that are free for TCP now: all different, each even and with the one after it free too. */
export async function freePorts(count: number): Promise<number[]> {
	const ports = new Set<number>();
	while (ports.size < count) {
		const port = 2 * randomInt(FIRST / 2, LAST / 2);
		if ((await isFree(port)) && (await isFree(port + 1))) ports.add(port);
	}
	return [...ports];
}

async function answers(port: number): Promise<boolean> {
	const socket = connect(port, "127.0.0.1");
	try {
		await once(socket, "connect");
		return true;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}

/** Waits until something listens on a port; false where `alive` ends before, or the time does. */
export async function listening(port: number, timeoutMs: number, alive: () => boolean): Promise<boolean> {
	for (let waited = 0; waited < timeoutMs && alive(); waited += RETRY_MS) {
		if (await answers(port)) return true;
		await pause(RETRY_MS);
	}
	return false;
}
