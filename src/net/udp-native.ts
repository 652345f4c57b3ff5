import {
	IPPROTO_IPV6,
	IPV6_V6ONLY,
	libc,
	SO_RCVBUF,
	SO_RCVBUFFORCE,
	SO_SNDBUF,
	SO_SNDBUFFORCE,
	SOCK_CLOEXEC,
	SOCK_DGRAM,
	SOCK_NONBLOCK,
	SOL_SOCKET,
	SOL_UDP,
	setOption,
	UDP_SEGMENT,
	word,
} from "./libc.ts";
import { AF_INET, AF_INET6, decodeSocketAddress, encodeSocketAddress } from "./socket-address.ts";

const F_DUPFD_CLOEXEC = 1030;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Whether sockets can be made here without `dgram`. */
export const hasNativeSockets = libc !== undefined;

/** Sets a buffer's size: past the system's limit where the process may, else up to it. */
function setBuffer(fd: number, force: number, plain: number, size: number): void {
	if (!setOption(fd, SOL_SOCKET, force, size)) setOption(fd, SOL_SOCKET, plain, size);
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
	if (fd < 0) return { errno: libc.errno() };
	if (six) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (buffers) {
		setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffers.sendBytes);
		setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, buffers.receiveBytes);
	}
	if (libc.bind(fd, name, name.length) !== 0) {
		const errno = libc.errno();
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
	const works = setOption(fd, SOL_UDP, UDP_SEGMENT, 0);
	libc.close(fd);
	return works;
}
