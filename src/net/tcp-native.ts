import { isIPv6 } from "node:net";
import { type Foreign, type Native, native } from "./native.ts";

/** Linux's numbers; other systems are served by Node's own sockets. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;
const TCP_NOTSENT_LOWAT = 25;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** What the kernel may hold back of a stream before the socket counts as full: a stalled reader is noticed at once. */
const NOTSENT_BYTES = 32_768;
/** What to tell the kernel for each byte of payload that it may hold. */
const SEND_BUFFER_SHARE = 0.6;
/** A peer that acknowledges nothing for so long is gone. */
const USER_TIMEOUT_MS = 5000;

interface Calls {
	readonly native: Native;
	readonly socket: Foreign<[number, number, number], number>;
	readonly setsockopt: Foreign<[number, number, number, Uint8Array, number], number>;
	readonly bind: Foreign<[number, Uint8Array, number], number>;
	readonly close: Foreign<[number], number>;
	readonly inet_pton: Foreign<[number, string, Uint8Array], number>;
}

function connect(): Calls | undefined {
	if (!native || process.platform !== "linux") return undefined;
	const { libc } = native;
	return {
		native,
		socket: libc.bind("socket", "int", ["int", "int", "int"]),
		setsockopt: libc.bind("setsockopt", "int", ["int", "int", "int", "void*", "uint32_t"]),
		bind: libc.bind("bind", "int", ["int", "void*", "uint32_t"]),
		close: libc.bind("close", "int", ["int"]),
		inet_pton: libc.bind("inet_pton", "int", ["int", "str", "void*"]),
	};
}

const calls = connect();

/** `errno` of a failed `bind`, by the names that Node's own sockets give. */
const codes: Readonly<Record<number, string>> = { 13: "EACCES", 98: "EADDRINUSE", 99: "EADDRNOTAVAIL" };

/** A socket could not be bound; `code` is as in Node's own errors. */
class BindError extends Error {
	override name = "BindError";
	readonly code: string;

	constructor(code: string, host: string, port: number) {
		super(`cannot listen on ${host || "::"} port ${port}: ${code}`);
		this.code = code;
	}
}

function open({ socket, setsockopt }: Calls, family: number): number {
	const fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) return -1;
	set(setsockopt, fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_BYTES);
	set(setsockopt, fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
	return fd;
}

function set(setsockopt: Calls["setsockopt"], fd: number, level: number, option: number, value: number): void {
	const bytes = new Uint8Array(Int32Array.of(value).buffer);
	setsockopt(fd, level, option, bytes, bytes.length);
}

/** A `sockaddr_in` or `sockaddr_in6`; the IPv6 wildcard where `host` is empty. */
function socketAddress({ inet_pton }: Calls, family: number, host: string, port: number): Uint8Array {
	const bytes = new Uint8Array(family === AF_INET6 ? 28 : 16);
	const view = new DataView(bytes.buffer);
	view.setUint16(0, family, true);
	view.setUint16(2, port);
	if (host) inet_pton(family, host, bytes.subarray(family === AF_INET6 ? 8 : 4));
	return bytes;
}

/**
 * A stream socket for media, bound to an IP address (all of them, IPv4 and IPv6, where `host` is empty) and not yet
 * listening. What is accepted from it inherits its options. Undefined where the system gives none: then Node's own must
 * do. Throws with Node's error code where the address is taken or not ours.
 */
export function boundSocket(host: string, port: number): number | undefined {
	if (!calls) return undefined;
	const family = host === "" || isIPv6(host) ? AF_INET6 : AF_INET;
	const fd = open(calls, family);
	if (fd < 0) return undefined;
	set(calls.setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family === AF_INET6) set(calls.setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, host === "" ? 0 : 1);
	const address = socketAddress(calls, family, host, port);
	if (calls.bind(fd, address, address.length) < 0) {
		const errno = calls.native.errno();
		calls.close(fd);
		throw new BindError(codes[errno] ?? `errno ${errno}`, host, port);
	}
	return fd;
}

/** A stream socket for media to connect with; undefined where the system gives none. */
export function freshSocket(family: 4 | 6): number | undefined {
	if (!calls) return undefined;
	const fd = open(calls, family === 6 ? AF_INET6 : AF_INET);
	return fd < 0 ? undefined : fd;
}

/** Lets the kernel hold no more than about `bytes` of what was written and not acknowledged. */
export function boundSendBuffer(fd: number, bytes: number): void {
	// The kernel counts its own overhead too, and doubles what it is told to make up for that (socket(7)).
	if (calls) set(calls.setsockopt, fd, SOL_SOCKET, SO_SNDBUF, Math.ceil(bytes * SEND_BUFFER_SHARE));
}
