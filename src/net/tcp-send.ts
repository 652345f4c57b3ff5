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

const FIRST_ROOM_BYTES = 4096;

/** Bytes that many sockets are sent, in memory that is used again: its address is found once, and none of it is garbage. */
export class SharedBytes {
	/** How many of `room` are to be sent. */
	length = 0;
	#room = Buffer.alloc(0);
	#address = 0;

	/** Where they are written. */
	get room(): Buffer {
		return this.#room;
	}

	/** Address of `room`; 0 where there are no foreign functions. */
	get address(): number {
		return this.#address;
	}

	/** Makes `length` bytes of room; what was there before is gone. */
	resize(length: number): Buffer {
		this.length = length;
		if (length > this.#room.length) {
			// Memory of its own, which does not move.
			this.#room = Buffer.allocUnsafeSlow(Math.max(FIRST_ROOM_BYTES, 2 ** Math.ceil(Math.log2(length))));
			this.#address = send && native ? native.address(this.#room) : 0;
		}
		return this.#room;
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

	/**
	 * Writes; false where the stream holds a part of it back: its `drain` or an empty write tells when that has left. The
	 * bytes are the caller's again once it returns.
	 */
	write({ room, address, length }: SharedBytes): boolean {
		const socket = this.#socket;
		let taken = 0;
		if (this.#fd >= 0 && send && address !== 0 && socket.writable && socket.writableLength === 0) {
			// An error is −1: the stream meets it again, and tells it in its own way.
			taken = Math.max(0, send(this.#fd, address, length, MSG_DONTWAIT | MSG_NOSIGNAL));
			this.written += taken;
			if (taken === length) return true;
		}
		socket.write(Buffer.from(room.subarray(taken, length)));
		return socket.writableLength === 0;
	}
}

/** Bytes that were written to a socket past its stream: `bytesWritten` does not know of them. */
export function writtenDirectly(socket: Socket): number {
	return senders.get(socket)?.written ?? 0;
}
