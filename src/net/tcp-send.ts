import type { Socket } from "node:net";
import { type Foreign, native } from "./native.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

type Send = Foreign<[fd: number, address: number, length: number, flags: number], number>;

const send: Send | undefined =
	native && process.platform === "linux"
		? native.libc.bind("send", "long", ["int", "uint64_t", "size_t", "int"])
		: undefined;

const senders = new WeakMap<Socket, DirectSender>();

/** Bytes that many sockets are sent, with their address: found once for all of them. */
export class SharedBytes {
	readonly bytes: Buffer;
	/** 0 where there are no foreign functions. */
	readonly address: number;

	/** `bytes` must have memory of its own that does not move (`Buffer.allocUnsafeSlow`). */
	constructor(bytes: Buffer) {
		this.bytes = bytes;
		this.address = send && native && bytes.length > 0 ? native.address(bytes) : 0;
	}
}

/**
 * Writes to a socket by the system call itself, which costs half of what a stream's `write` does. What the kernel does
 * not take at once goes through the stream, so that nothing is lost or changes its order.
 */
export class DirectSender {
	/** Bytes that did not go through the stream. */
	written = 0;
	readonly #socket: Socket;
	readonly #fd: number;

	constructor(socket: Socket) {
		this.#socket = socket;
		// Of a TLS connection the descriptor takes other bytes than the stream.
		const handle = "encrypted" in socket ? undefined : (socket as { _handle?: { fd?: number } | null })._handle;
		this.#fd = send ? (handle?.fd ?? -1) : -1;
		senders.set(socket, this);
	}

	/** Writes; false where the stream holds a part of it back: its `drain` or an empty write tells when that has left. */
	write({ bytes, address }: SharedBytes): boolean {
		const socket = this.#socket;
		let taken = 0;
		if (this.#fd >= 0 && send && address !== 0 && socket.writable && socket.writableLength === 0) {
			// An error is −1: the stream meets it again, and tells it in its own way.
			taken = Math.max(0, send(this.#fd, address, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL));
			this.written += taken;
			if (taken === bytes.length) return true;
		}
		socket.write(taken === 0 ? bytes : bytes.subarray(taken));
		return socket.writableLength === 0;
	}
}

/** Bytes that were written to a socket past its stream: `bytesWritten` does not know of them. */
export function writtenDirectly(socket: Socket): number {
	return senders.get(socket)?.written ?? 0;
}
