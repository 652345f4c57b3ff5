import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { type AddressInfo, createServer, isIP, type Server, Socket, type SocketConstructorOpts } from "node:net";
import { boundSendBuffer, boundSocket, freshSocket } from "./tcp-native.ts";

/** An idle peer is asked whether it is there after so long; one that does not answer for 5 s is gone. */
const PROBE_MS = 2000;

/** How much of a stream the kernel may hold for one reader: what it holds cannot be cut any more when it grows old. */
const HELD_SECONDS = 0.5;
const LEAST_HELD_BYTES = 65_536;

/** A listening port for media streams. */
export interface Listener extends AsyncDisposable {
	/** The port, also where port 0 was asked for. */
	readonly port: number;
	/** Takes no more connections; those that are there stay. */
	close(): Promise<void>;
}

/**
 * Listens for media streams on an IP address or host name, or on all addresses (IPv4 and IPv6) where `host` is empty.
 * Sockets accepted count as full with 32 kB unsent, and end when the peer acknowledges nothing for 5 s; where the system
 * cannot do that they are Node's own. Rejects with Node's error codes (`EADDRINUSE`, …).
 */
export async function listenTcp(host: string, port: number, accept: (socket: Socket) => void): Promise<Listener> {
	const ip = host === "" || isIP(host) ? host : (await lookup(host)).address;
	const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_MS }, accept);
	const fd = boundSocket(ip, port);
	const listening = once(server, "listening");
	if (fd !== undefined) server.listen({ fd });
	else if (ip === "") server.listen({ port });
	else server.listen({ host: ip, port });
	await listening;
	const close = () => closeServer(server);
	return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close };
}

async function closeServer(server: Server): Promise<void> {
	if (!server.listening) return;
	// A server is closed when its last connection is; who wants to wait for that ends the connections first.
	server.close();
}

/**
 * Connects to a media server, trying the host's addresses one after the other. The socket counts as full with 32 kB
 * unsent, and ends when the peer acknowledges nothing for 5 s. Rejects with the last address's error, or when `signal`
 * aborts.
 */
export async function connectTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
	const addresses = await lookup(host, { all: true });
	let failure: unknown = new Error(`${host} has no address`);
	for (const { address, family } of addresses) {
		signal.throwIfAborted();
		try {
			return await connectTo(address, family === 6 ? 6 : 4, port, signal);
		} catch (error) {
			failure = error;
		}
	}
	throw failure;
}

async function connectTo(host: string, family: 4 | 6, port: number, signal: AbortSignal): Promise<Socket> {
	const fd = freshSocket(family);
	// Reading must not begin before there is a connection; Node knows the option, its types do not.
	const options: SocketConstructorOpts & { manualStart?: boolean } =
		fd === undefined ? {} : { fd, readable: true, writable: true, manualStart: true };
	const socket = new Socket(options);
	socket.setNoDelay(true);
	socket.setKeepAlive(true, PROBE_MS);
	try {
		socket.connect({ host, port, family, autoSelectFamily: false });
		await once(socket, "connect", { signal });
		return socket;
	} catch (error) {
		socket.destroy();
		throw error;
	}
}

/**
 * Bounds what the kernel holds of a stream of so many bytes a second: without that a link that loses packets or queues
 * them has seconds of it in flight. Does nothing where there are no foreign functions.
 */
export function boundUnsent(socket: Socket, bytesPerSecond: number): void {
	const fd = (socket as Socket & { _handle?: { fd?: number } | null })._handle?.fd;
	if (fd !== undefined && fd >= 0) boundSendBuffer(fd, Math.max(LEAST_HELD_BYTES, bytesPerSecond * HELD_SECONDS));
}
