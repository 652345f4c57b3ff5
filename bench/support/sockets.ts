import { type Native, native } from "../../src/net/native.ts";

/**
 * Plain Linux sockets for the load generators: they share the processor with the program that is measured, so a packet
 * must cost them as little as possible. Blocking calls where a request is answered, `epoll` where media comes in.
 */

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_TIMESTAMPNS = 35;
const SO_RCVBUF = 8;
/** The most that Linux gives without being asked twice. */
const RECEIVE_BYTES = 212_992;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
/** `struct epoll_event` is packed on x86-64 only. */
const EVENT_BYTES = process.arch === "x64" ? 12 : 16;
const EVENT_DATA = EVENT_BYTES - 8;
const MAX_EVENTS = 256;
const REQUEST_TIMEOUT_S = 10;

function required(): Native {
	if (native && process.platform === "linux") return native;
	throw new Error("the bench needs Linux and koffi");
}

const { libc, address: addressOf, errno } = required();
const socket = libc.bind<[number, number, number], number>("socket", "int", ["int", "int", "int"]);
const connect = libc.bind<[number, Uint8Array, number], number>("connect", "int", ["int", "void*", "uint32_t"]);
const bind = libc.bind<[number, Uint8Array, number], number>("bind", "int", ["int", "void*", "uint32_t"]);
const getsockname = libc.bind<[number, Uint8Array, Uint8Array], number>("getsockname", "int", [
	"int",
	"void*",
	"void*",
]);
const setsockopt = libc.bind<[number, number, number, Uint8Array, number], number>("setsockopt", "int", [
	"int",
	"int",
	"int",
	"void*",
	"uint32_t",
]);
const sendRaw = libc.bind<[number, number, number, number], number>("send", "int64_t", [
	"int",
	"uint64_t",
	"size_t",
	"int",
]);
const recvRaw = libc.bind<[number, number, number, number], number>("recv", "int64_t", [
	"int",
	"uint64_t",
	"size_t",
	"int",
]);
const closeRaw = libc.bind<[number], number>("close", "int", ["int"]);
const epollCreate = libc.bind<[number], number>("epoll_create1", "int", ["int"]);
const epollControl = libc.bind<[number, number, number, Uint8Array], number>("epoll_ctl", "int", [
	"int",
	"int",
	"int",
	"void*",
]);
const epollWait = libc.bind<[number, number, number, number], number>("epoll_wait", "int", [
	"int",
	"uint64_t",
	"int",
	"int",
]);
const recvmmsg = libc.bind<[number, number, number, number, null], number>("recvmmsg", "int", [
	"int",
	"uint64_t",
	"uint32_t",
	"int",
	"void*",
]);

/** A buffer that foreign functions may write to for as long as the process lives, and its address. */
export interface Memory {
	readonly bytes: Buffer;
	readonly address: number;
}

const kept: Buffer[] = [];

/** Memory that is never moved and never freed. */
export function memory(size: number): Memory {
	const bytes = Buffer.allocUnsafeSlow(size).fill(0);
	kept.push(bytes);
	return { bytes, address: addressOf(bytes) };
}

function checked(result: number, what: string): number {
	if (result < 0) throw new Error(`${what}: errno ${errno()}`);
	return result;
}

function loopback(port: number): Uint8Array {
	const bytes = new Uint8Array(16);
	const view = new DataView(bytes.buffer);
	view.setUint16(0, AF_INET, true);
	view.setUint16(2, port);
	bytes.set([127, 0, 0, 1], 4);
	return bytes;
}

function option(fd: number, level: number, name: number, value: Uint8Array): void {
	checked(setsockopt(fd, level, name, value, value.length), "setsockopt");
}

/** A connection to a port of this machine; its blocking calls give up after 10 s. */
export function connectTcp(port: number): number {
	const fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	const timeout = new Uint8Array(BigInt64Array.of(BigInt(REQUEST_TIMEOUT_S), 0n).buffer);
	option(fd, SOL_SOCKET, SO_RCVTIMEO, timeout);
	option(fd, SOL_SOCKET, SO_SNDTIMEO, timeout);
	option(fd, IPPROTO_TCP, TCP_NODELAY, new Uint8Array(Int32Array.of(1).buffer));
	checked(connect(fd, loopback(port), 16), `connect to port ${port}`);
	return fd;
}

/** A UDP socket on a free port of the loopback, or on the given one; undefined where that is taken. */
export function openUdp(port = 0): { fd: number; port: number } | undefined {
	const fd = checked(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	if (bind(fd, loopback(port), 16) < 0) {
		closeRaw(fd);
		return undefined;
	}
	const name = new Uint8Array(16);
	checked(getsockname(fd, name, new Uint8Array(Uint32Array.of(16).buffer)), "getsockname");
	return { fd, port: new DataView(name.buffer).getUint16(2) };
}

/** From now on the socket talks to one port of this machine only. */
export function connectUdp(fd: number, port: number): void {
	checked(connect(fd, loopback(port), 16), "connect");
}

/** The kernel notes of each datagram when it came, see `Datagrams.time`, and keeps as many as it may. */
export function stampArrivals(fd: number): void {
	option(fd, SOL_SOCKET, SO_RCVBUF, new Uint8Array(Int32Array.of(RECEIVE_BYTES).buffer));
	option(fd, SOL_SOCKET, SO_TIMESTAMPNS, new Uint8Array(Int32Array.of(1).buffer));
}

export function close(fd: number): void {
	closeRaw(fd);
}

/** Sends all of it, waiting where the socket is full. Throws where the connection is gone. */
export function sendAll(fd: number, from: number, length: number): void {
	for (let done = 0; done < length; ) done += checked(sendRaw(fd, from + done, length - done, MSG_NOSIGNAL), "send");
}

/** Sends a datagram, or drops it. */
export function sendDatagram(fd: number, from: number, length: number): void {
	sendRaw(fd, from, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/** Waits for bytes: how many came, 0 at the end, below 0 on an error. */
export function receive(fd: number, to: number, length: number): number {
	return recvRaw(fd, to, length, 0);
}

/** What is there now: how many bytes came, 0 at the end, below 0 where there is nothing. */
export function receiveNow(fd: number, to: number, length: number): number {
	return recvRaw(fd, to, length, MSG_DONTWAIT);
}

/** Waits for many sockets. */
export class Poll {
	readonly #fd = checked(epollCreate(0), "epoll_create1");
	readonly #events = memory(MAX_EVENTS * EVENT_BYTES);

	/** `id` is what `wait` tells, below 2^31. */
	add(fd: number, id: number): void {
		const event = new Uint8Array(EVENT_BYTES);
		const view = new DataView(event.buffer);
		view.setUint32(0, EPOLLIN, true);
		view.setUint32(EVENT_DATA, id, true);
		checked(epollControl(this.#fd, EPOLL_CTL_ADD, fd, event), "epoll_ctl");
	}

	remove(fd: number): void {
		epollControl(this.#fd, EPOLL_CTL_DEL, fd, new Uint8Array(EVENT_BYTES));
	}

	/** Calls `ready` for each socket that has something; blocks the process for at most `timeoutMs`. */
	wait(timeoutMs: number, ready: (id: number) => void): void {
		const count = epollWait(this.#fd, this.#events.address, MAX_EVENTS, timeoutMs);
		for (let i = 0; i < count; i++) ready(this.#events.bytes.readUInt32LE(i * EVENT_BYTES + EVENT_DATA));
	}

	close(): void {
		closeRaw(this.#fd);
	}
}

const DATAGRAMS = 64;
const DATAGRAM_BYTES = 2048;
const CONTROL_BYTES = 64;
const HEADER_BYTES = 64;
/** `struct cmsghdr`, then `struct timespec`. */
const STAMP_AT = 16;

/** Reads up to 64 datagrams in one call. */
export class Datagrams {
	readonly bytes: Buffer;
	readonly address: number;
	readonly #headers = memory(DATAGRAMS * HEADER_BYTES);
	readonly #control = memory(DATAGRAMS * CONTROL_BYTES);
	readonly #words: Uint32Array;

	constructor() {
		const data = memory(DATAGRAMS * DATAGRAM_BYTES);
		const vectors = memory(DATAGRAMS * 16);
		this.bytes = data.bytes;
		this.address = data.address;
		for (let i = 0; i < DATAGRAMS; i++) {
			vectors.bytes.writeBigUInt64LE(BigInt(data.address + i * DATAGRAM_BYTES), i * 16);
			vectors.bytes.writeBigUInt64LE(BigInt(DATAGRAM_BYTES), i * 16 + 8);
			const header = this.#headers.bytes.subarray(i * HEADER_BYTES);
			header.writeBigUInt64LE(BigInt(vectors.address + i * 16), 16);
			header.writeBigUInt64LE(1n, 24);
			header.writeBigUInt64LE(BigInt(this.#control.address + i * CONTROL_BYTES), 32);
		}
		const { buffer, byteOffset } = this.#headers.bytes;
		this.#words = new Uint32Array(buffer, byteOffset, (DATAGRAMS * HEADER_BYTES) / 4);
	}

	/** Takes what is there; how many datagrams that were, at most 64. */
	receive(fd: number): number {
		for (let i = 0; i < DATAGRAMS; i++) this.#words[i * (HEADER_BYTES / 4) + 10] = CONTROL_BYTES;
		return Math.max(0, recvmmsg(fd, this.#headers.address, DATAGRAMS, MSG_DONTWAIT, null));
	}

	/** Where datagram `i` begins in `bytes`. */
	at(i: number): number {
		return i * DATAGRAM_BYTES;
	}

	length(i: number): number {
		return this.#words[i * (HEADER_BYTES / 4) + 14]!;
	}

	/** Unix milliseconds at which the kernel put the datagram into the socket; see `stampArrivals`. */
	time(i: number): number {
		const at = i * CONTROL_BYTES + STAMP_AT;
		const { bytes } = this.#control;
		return Number(bytes.readBigInt64LE(at)) * 1000 + Number(bytes.readBigInt64LE(at + 8)) / 1e6;
	}
}
