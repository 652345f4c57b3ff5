import { createSocket, type Socket } from "node:dgram";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { EADDRINUSE } from "./libc.ts";
import { encodeSocketAddress } from "./socket-address.ts";
import { type BufferSizes, hasNativeSockets, openUdpSocket, sendDatagram } from "./udp-native.ts";

/** In and out: a key frame to hundreds of viewers, and their answers. */
const BUFFERS: BufferSizes = { sendBytes: 2 * 1024 * 1024, receiveBytes: 8 * 1024 * 1024 };
/** How often the machine's addresses are looked at again. */
const INTERFACES_MS = 10_000;
/** Tries to find one port that is free on all addresses. */
const PORT_TRIES = 16;

/** Sockets that were closed here. */
const closed = new WeakSet<Socket>();

export type OnDatagram = (bytes: Buffer, address: string, port: number, socket: UdpSocket) => void;

/** A UDP socket on one local address. */
export interface UdpSocket {
	readonly address: string;
	readonly port: number;
	readonly family: 4 | 6;
	/** Descriptor, or −1 where only `dgram` knows it. */
	readonly fd: number;
	readonly dgram: Socket;
	/** Sends one datagram of control traffic; what the system refuses is lost, as on the way. Never throws. */
	send(bytes: Uint8Array, address: string, port: number): void;
}

export interface UdpOptions {
	/** Socket buffers; undefined leaves the system's. */
	readonly buffers?: BufferSizes | undefined;
}

/** One UDP port on one or on all local addresses. */
export interface UdpPort {
	readonly port: number;
	/** One socket for each local address. It grows when the machine gets addresses. */
	readonly sockets: readonly UdpSocket[];
	/** The socket on a local address, for what must leave from there. */
	from(localAddress: string): UdpSocket | undefined;
	close(): Promise<void>;
}

/**
 * Opens a UDP port: `:8189` on every address of the machine, one socket for each, so that an answer leaves by the
 * address it was asked at; `127.0.0.1:8189` or `[::1]:8189` on one. Port 0 takes a free one, the same everywhere.
 * @throws Error where the port is taken or the address is not the machine's
 */
export async function openUdp(address: string, onDatagram: OnDatagram, options: UdpOptions = {}): Promise<UdpPort> {
	const { host, port } = parseAddress(address);
	const buffers = "buffers" in options ? options.buffers : BUFFERS;
	const wild = host === "";
	for (let attempt = 1; ; attempt++) {
		const sockets: UdpSocket[] = [];
		try {
			for (const local of wild ? localAddresses() : [host]) {
				const wanted = port || sockets[0]?.port || 0;
				const socket = await openSocket(local, wanted, onDatagram, buffers).catch((error: unknown) => {
					// One of many addresses that is not ready (IPv6 checks for duplicates first) is tried again later.
					if (wild && !isTaken(error)) return undefined;
					throw error;
				});
				if (socket) sockets.push(socket);
			}
			if (sockets.length === 0) throw new Error(`no address of this machine can be listened on at UDP port ${port}`);
			return watchPort(sockets, wild, onDatagram, buffers);
		} catch (error) {
			await Promise.all(sockets.map(closeSocket));
			if (port !== 0 || attempt >= PORT_TRIES || !isTaken(error)) throw error;
		}
	}
}

function watchPort(
	sockets: UdpSocket[],
	wild: boolean,
	onDatagram: OnDatagram,
	buffers: BufferSizes | undefined,
): UdpPort {
	const port = sockets[0]?.port ?? 0;
	const known = new Set(sockets.map((socket) => socket.address));
	let watching = wild;
	const look = async (): Promise<void> => {
		for (const local of localAddresses()) {
			if (known.has(local)) continue;
			// IPv6 looks for another machine with the same address first, and refuses it until then.
			const socket = await openSocket(local, port, onDatagram, buffers).catch(() => undefined);
			if (!socket) continue;
			if (!watching) return closeSocket(socket);
			known.add(local);
			sockets.push(socket);
		}
	};
	const timer = wild ? setInterval(() => void look(), INTERFACES_MS).unref() : undefined;
	return {
		port,
		sockets,
		from: (local) => sockets.find((socket) => socket.address === local),
		close: async () => {
			watching = false;
			clearInterval(timer);
			await Promise.all(sockets.map(closeSocket));
		},
	};
}

/** `host:port`, `[host]:port` or `:port`. */
function parseAddress(address: string): { host: string; port: number } {
	const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address);
	const port = Number(match?.[3]);
	if (!match || port > 0xffff) throw new RangeError(`not an address to listen on: ${address}`);
	const host = match[1] ?? match[2] ?? "";
	return { host: host === "0.0.0.0" || host === "::" ? "" : host === "localhost" ? "127.0.0.1" : host, port };
}

/** All addresses that packets can arrive at; those of one link only (fe80::) with their zone. */
function localAddresses(): ReadonlySet<string> {
	const found = new Set<string>();
	for (const [name, addresses] of Object.entries(networkInterfaces())) {
		for (const { address, family, scopeid } of addresses ?? []) {
			found.add(family === "IPv6" && scopeid ? `${address}%${name}` : address);
		}
	}
	return found;
}

function isTaken(error: unknown): boolean {
	return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}

async function openSocket(
	address: string,
	port: number,
	onDatagram: OnDatagram,
	buffers: BufferSizes | undefined,
): Promise<UdpSocket> {
	const family = address.includes(":") ? 6 : 4;
	const dgram = createSocket({ type: `udp${family}`, ipv6Only: family === 6 });
	const opened = hasNativeSockets ? openUdpSocket(address, port, buffers) : undefined;
	if (opened && "errno" in opened) {
		dgram.close();
		const code = opened.errno === EADDRINUSE ? "EADDRINUSE" : `errno ${opened.errno}`;
		throw Object.assign(new Error(`cannot open UDP port ${port} on ${address}: ${code}`), { code });
	}
	await new Promise<void>((resolve, reject) => {
		dgram.once("error", reject);
		dgram.once("listening", () => {
			dgram.off("error", reject);
			resolve();
		});
		dgram.bind(opened ? { fd: opened.fd } : { address, port });
	});
	// An ICMP error of one peer is nobody else's business.
	dgram.on("error", () => {});
	const socket: UdpSocket = {
		address,
		port: opened?.port ?? dgram.address().port,
		family,
		fd: opened?.fd ?? -1,
		dgram,
		send: opened
			? (bytes, to, toPort) => sendNative(opened.fd, bytes, to, toPort)
			: (bytes, to, toPort) => sendSlow(dgram, bytes, to, toPort),
	};
	if (!opened && buffers) setDgramBuffers(dgram, buffers);
	dgram.on("message", (bytes, from) => onDatagram(bytes, from.address, from.port, socket));
	return socket;
}

function sendNative(fd: number, bytes: Uint8Array, address: string, port: number): void {
	try {
		sendDatagram(fd, bytes, encodeSocketAddress(address, port));
	} catch {
		// No IP address: nobody is there to get it.
	}
}

function sendSlow(dgram: Socket, bytes: Uint8Array, address: string, port: number): void {
	// A name would be looked up, and may be somebody else's address.
	if (!isIP(address) || closed.has(dgram)) return;
	// The bytes are the caller's again after this call.
	dgram.send(Uint8Array.from(bytes), port, address, () => {});
}

function setDgramBuffers(dgram: Socket, buffers: BufferSizes): void {
	try {
		dgram.setSendBufferSize(buffers.sendBytes);
		dgram.setRecvBufferSize(buffers.receiveBytes);
	} catch {
		// The system keeps its own sizes.
	}
}

async function closeSocket({ dgram }: UdpSocket): Promise<void> {
	if (closed.has(dgram)) return;
	closed.add(dgram);
	await new Promise<void>((resolve) => dgram.close(() => resolve()));
}
