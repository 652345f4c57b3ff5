import { type Foreign, native } from "./native.ts";

/** Linux's numbers; on other systems `libc` is undefined, and Node's own sockets must do. */
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const IPPROTO_TCP = 6;
export const TCP_USER_TIMEOUT = 18;
export const TCP_NOTSENT_LOWAT = 25;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

export const EACCES = 13;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;

type Bytes = Uint8Array;

/** The system's calls for sockets, as they are: they return −1 where they fail. */
interface Libc {
	readonly socket: Foreign<[number, number, number], number>;
	readonly bind: Foreign<[number, Bytes, number], number>;
	readonly close: Foreign<[number], number>;
	/** Descriptor, command, argument. */
	readonly fcntl: Foreign<[number, number, number], number>;
	readonly setsockopt: Foreign<[number, number, number, Bytes, number], number>;
	readonly getsockname: Foreign<[number, Bytes, Bytes], number>;
	readonly sendto: Foreign<[number, Bytes, number, number, Bytes, number], number>;
	/** Of the last call in this thread. */
	readonly errno: () => number;
}

function connect(): Libc | undefined {
	// Constants and structures here are Linux's.
	if (!native || process.platform !== "linux") return undefined;
	const { libc: library, errno } = native;
	return {
		socket: library.bind("socket", "int", ["int", "int", "int"]),
		bind: library.bind("bind", "int", ["int", "void*", "uint32_t"]),
		close: library.bind("close", "int", ["int"]),
		fcntl: library.bind("fcntl", "int", ["int", "int", "int"]),
		setsockopt: library.bind("setsockopt", "int", ["int", "int", "int", "void*", "uint32_t"]),
		getsockname: library.bind("getsockname", "int", ["int", "void*", "void*"]),
		sendto: library.bind("sendto", "long", ["int", "void*", "size_t", "int", "void*", "uint32_t"]),
		errno,
	};
}

/** Undefined on other systems than Linux, and where foreign functions cannot be called. */
export const libc: Libc | undefined = connect();

/** A C `int`, for a call that takes a pointer to one. */
export function word(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeInt32LE(value);
	return bytes;
}

/** Sets an option of a socket that is a C `int`. False where the system refuses it. */
export function setOption(fd: number, level: number, option: number, value: number): boolean {
	return libc?.setsockopt(fd, level, option, word(value), 4) === 0;
}
