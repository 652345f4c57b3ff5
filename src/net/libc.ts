import { type Foreign, native } from "./native.ts";
import { AF_INET, AF_INET6, decodeSocketAddress, encodeSocketAddress } from "./socket-address.ts";

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const F_DUPFD_CLOEXEC = 1030;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

export const EADDRINUSE = 98;

type Bytes = Uint8Array;

interface Libc {
	readonly socket: Foreign<[number, number, number], number>;
	readonly bind: Foreign<[number, Bytes, number], number>;
	readonly close: Foreign<[number], number>;
	/** Descriptor, command, argument. */
	readonly fcntl: Foreign<[number, number, number], number>;
	readonly setsockopt: Foreign<[number, number, number, Bytes, number], number>;
	readonly getsockname: Foreign<[number, Bytes, Bytes], number>;
	readonly sendto: Foreign<[number, Bytes, number, number, Bytes, number], number>;
}

function connect(): Libc | undefined {
	// Constants and structures here are Linux's.
	if (!native || process.platform !== "linux") return undefined;
	const { libc } = native;
	return {
		socket: libc.bind("socket", "int", ["int", "int", "int"]),
		bind: libc.bind("bind", "int", ["int", "void*", "uint32_t"]),
		close: libc.bind("close", "int", ["int"]),
		fcntl: libc.bind("fcntl", "int", ["int", "int", "int"]),
		setsockopt: libc.bind("setsockopt", "int", ["int", "int", "int", "void*", "uint32_t"]),
		getsockname: libc.bind("getsockname", "int", ["int", "void*", "void*"]),
		sendto: libc.bind("sendto", "long", ["int", "void*", "size_t", "int", "void*", "uint32_t"]),
	};
}

const libc = connect();

/** Whether sockets can be made here without `dgram`. */
export const hasNativeSockets = libc !== undefined;

function word(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeInt32LE(value);
	return bytes;
}

/** Sets a buffer's size: past the system's limit where the process may, else up to it. */
function setBuffer(fd: number, force: number, plain: number, size: number): void {
	if (libc?.setsockopt(fd, SOL_SOCKET, force, word(size), 4) !== 0) {
		libc?.setsockopt(fd, SOL_SOCKET, plain, word(size), 4);
	}
}

export interface BufferSizes {
	readonly sendBytes: number;
	readonly receiveBytes: number;
}

/**
 * A UDP socket that is bound to one address; an IPv6 one carries no IPv4.
 * @returns the descriptor and the port, or the system's error number
 */
export function openUdpSocket(
	address: string,
	port: number,
	buffers: BufferSizes | undefined,
): { fd: number; port: number } | { errno: number } {
	if (!libc) return { errno: 0 };
	const name = encodeSocketAddress(address, port);
	const six = name.length === 28;
	const fd = libc.socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) return { errno: native?.errno() ?? 0 };
	if (six) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, word(1), 4);
	if (buffers) {
		setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffers.sendBytes);
		setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, buffers.receiveBytes);
	}
	if (libc.bind(fd, name, name.length) !== 0) {
		const errno = native?.errno() ?? 0;
		libc.close(fd);
		return { errno };
	}
	const bound = new Uint8Array(28);
	libc.getsockname(fd, bound, word(28));
	return { fd, port: decodeSocketAddress(bound, 0, name.length).port };
}

/** Sends one datagram. False where the system refuses it. */
export function sendDatagram(fd: number, bytes: Uint8Array, name: Uint8Array): boolean {
	return (libc?.sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, name, name.length) ?? -1) >= 0;
}

/**
 * Another descriptor of the same socket, for a thread: it stays what it is when the first one is closed and its number
 * given to something else. −1 where there are none left.
 */
export function duplicateDescriptor(fd: number): number {
	return libc?.fcntl(fd, F_DUPFD_CLOEXEC, 0) ?? -1;
}

export function closeDescriptor(fd: number): void {
	libc?.close(fd);
}

/** Whether the system cuts one large message into datagrams (UDP GSO, Linux 4.18). */
export function hasSegmentation(): boolean {
	if (!libc) return false;
	const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) return false;
	const works = libc.setsockopt(fd, SOL_UDP, UDP_SEGMENT, word(0), 4) === 0;
	libc.close(fd);
	return works;
}
