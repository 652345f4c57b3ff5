import { isIPv6 } from "node:net";
import {
	EACCES,
	EADDRINUSE,
	EADDRNOTAVAIL,
	IPPROTO_IPV6,
	IPPROTO_TCP,
	IPV6_V6ONLY,
	libc,
	SO_REUSEADDR,
	SO_SNDBUF,
	SOCK_CLOEXEC,
	SOCK_NONBLOCK,
	SOCK_STREAM,
	SOL_SOCKET,
	setOption,
	TCP_NOTSENT_LOWAT,
	TCP_USER_TIMEOUT,
} from "./libc.ts";
import { AF_INET, AF_INET6, encodeSocketAddress } from "./socket-address.ts";

/** What the kernel may hold back of a stream before the socket counts as full: a stalled reader is noticed at once. */
const NOTSENT_BYTES = 32_768;
/** What to tell the kernel for each byte of payload that it may hold. */
const SEND_BUFFER_SHARE = 0.6;
/** A peer that acknowledges nothing for so long is gone. */
const USER_TIMEOUT_MS = 5000;

/** `errno` of a failed `bind`, by the names that Node's own sockets give. */
const codes: Readonly<Record<number, string>> = {
	[EACCES]: "EACCES",
	[EADDRINUSE]: "EADDRINUSE",
	[EADDRNOTAVAIL]: "EADDRNOTAVAIL",
};

/** A socket could not be bound; `code` is as in Node's own errors. */
class BindError extends Error {
	override name = "BindError";
	readonly code: string;

	constructor(code: string, host: string, port: number) {
		super(`cannot listen on ${host || "::"} port ${port}: ${code}`);
		this.code = code;
	}
}

/** −1 where the system gives none. */
function open(family: number): number {
	const fd = libc?.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) ?? -1;
	if (fd < 0) return -1;
	setOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_BYTES);
	setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
	return fd;
}

/**
 * A stream socket for media, bound to an IP address (all of them, IPv4 and IPv6, where `host` is empty) and not yet
 * listening. What is accepted from it inherits its options. Undefined where the system gives none: then Node's own must
 * do. Throws with Node's error code where the address is taken or not ours.
 */
export function boundSocket(host: string, port: number): number | undefined {
	const family = host === "" || isIPv6(host) ? AF_INET6 : AF_INET;
	const address = encodeSocketAddress(host || "::", port);
	const fd = open(family);
	if (!libc || fd < 0) return undefined;
	setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, host === "" ? 0 : 1);
	if (libc.bind(fd, address, address.length) < 0) {
		const errno = libc.errno();
		libc.close(fd);
		throw new BindError(codes[errno] ?? `errno ${errno}`, host, port);
	}
	return fd;
}

/** A stream socket for media to connect with; undefined where the system gives none. */
export function freshSocket(family: 4 | 6): number | undefined {
	const fd = open(family === 6 ? AF_INET6 : AF_INET);
	return fd < 0 ? undefined : fd;
}

/** Lets the kernel hold no more than about `bytes` of what was written and not acknowledged. */
export function boundSendBuffer(fd: number, bytes: number): void {
	// The kernel counts its own overhead too, and doubles what it is told to make up for that (socket(7)).
	setOption(fd, SOL_SOCKET, SO_SNDBUF, Math.ceil(bytes * SEND_BUFFER_SHARE));
}
