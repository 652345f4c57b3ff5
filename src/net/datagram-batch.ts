import { Pool } from "./pool.ts";
import { MAX_SEGMENT, THREAD_BYTES } from "./sender/layout.ts";
import { type Memory, viewMemory } from "./sender/memory.ts";
import {
	MessageQueue,
	type MessageSystem,
	openSendMessages,
	QUEUE_BYTES,
	writeControls,
} from "./sender/message-queue.ts";
import type { Addressee } from "./sender/outlet.ts";
import { encodeSocketAddress } from "./socket-address.ts";
import type { UdpSocket } from "./udp.ts";
import { hasSegmentation } from "./udp-native.ts";

/** What is copied until the next call: heads, addresses, and each payload once however many it goes to. */
const ARENA_BYTES = 1024 * 1024;
/** Most bytes of one message that the kernel cuts: an IP packet has 16 bits for its length. */
const GROUP_BYTES = 60_000;
/** How long a full socket is left alone. */
const PAUSE_MS = 1;
const noBytes = new Uint8Array(0);

/** Somebody whom datagrams are for. */
export class Recipient implements Addressee {
	readonly address: string;
	readonly port: number;
	readonly socketAddress: Uint8Array;
	name = 0;
	single = false;
	/** Messages that the system did not take for it: lost, as on the way. */
	refused = 0;

	/** @throws RangeError where that is no address */
	constructor(address: string, port: number) {
		this.address = address;
		this.port = port;
		this.socketAddress = encodeSocketAddress(address, port);
	}

	get nameBytes(): number {
		return this.socketAddress.length;
	}

	refuse(): void {
		this.refused++;
	}
}

/**
 * Datagrams of many sessions of one socket, which leave together: whatever is added while the event loop handles what came
 * in goes by as few `sendmmsg` as possible, a run for one recipient as one message that the kernel cuts (GSO).
 */
export interface DatagramBatch {
	/**
	 * Adds a datagram of two parts. `head` is the caller's again after the call; a payload of the same identity is copied
	 * once for all, and must not change before the batch has left.
	 */
	add(to: Recipient, head: Uint8Array, payload?: Uint8Array): void;
	/** Sends what is there, and nothing after it. To be called before the socket is closed. */
	close(): void;
}

/** The batches of a socket: by `sendmmsg`, or one by one through `dgram` where the system has none. */
export function openBatch(socket: UdpSocket): DatagramBatch {
	const system = socket.fd >= 0 ? openSendMessages() : undefined;
	return system ? new NativeBatch(socket.fd, system) : new SlowBatch(socket);
}

class SlowBatch implements DatagramBatch {
	readonly #socket: UdpSocket;

	constructor(socket: UdpSocket) {
		this.#socket = socket;
	}

	add(to: Recipient, head: Uint8Array, payload: Uint8Array = noBytes): void {
		this.#socket.send(Buffer.concat([head, payload]), to.address, to.port);
	}

	close(): void {}
}

/** The batches of a descriptor. */
export class NativeBatch implements DatagramBatch {
	/** Datagrams that found no room while the socket was full. */
	lost = 0;
	readonly #memory: Memory;
	readonly #queue: MessageQueue<Recipient>;
	readonly #arena: number;
	#at: number;
	/** Where payloads lie that were copied since the last call. */
	readonly #placed = new Map<Uint8Array, number>();
	/** The run that is being put together. */
	#to: Recipient | undefined;
	#vector = 0;
	#count = 0;
	#bytes = 0;
	#segment = 0;
	/** Size of its last datagram: one that is smaller ends it. */
	#last = 0;
	#waiting: NodeJS.Immediate | NodeJS.Timeout | undefined;
	#closed = false;

	/** @param system the system's functions, or a test's */
	constructor(fd: number, system: MessageSystem, segmenting = hasSegmentation()) {
		const pool = new Pool(THREAD_BYTES + QUEUE_BYTES + ARENA_BYTES + 3 * 65_536);
		this.#memory = viewMemory(pool.shared, pool.address);
		const block = pool.allocate(THREAD_BYTES);
		const region = pool.allocate(QUEUE_BYTES);
		this.#arena = pool.allocate(ARENA_BYTES);
		this.#at = this.#arena;
		writeControls(this.#memory, block);
		const events = { single: () => undefined, refused: () => undefined };
		const clock = (): number => performance.now();
		this.#queue = new MessageQueue(this.#memory, { fd, region, block, segmenting, clock, events }, system);
	}

	add(to: Recipient, head: Uint8Array, payload: Uint8Array = noBytes): void {
		if (this.#closed || !this.#hasRoom(head.length + payload.length)) {
			this.lost++;
			return;
		}
		const size = head.length + payload.length;
		if (!this.#continues(to, size)) this.#begin(to, size);
		this.#count++;
		this.#bytes += size;
		this.#last = size;
		this.#queue.point(this.#copy(head), head.length);
		if (payload.length > 0) this.#queue.point(this.#place(payload), payload.length);
		this.#waiting ??= setImmediate(this.#flush);
	}

	close(): void {
		if (this.#closed) return;
		this.#flush();
		this.#closed = true;
		this.#rest();
	}

	readonly #flush = (): void => {
		this.#rest();
		if (this.#closed) return;
		this.#end();
		if (this.#queue.flush()) {
			this.#at = this.#arena;
			this.#placed.clear();
		} else this.#waiting = setTimeout(this.#flush, PAUSE_MS);
	};

	#rest(): void {
		clearImmediate(this.#waiting as NodeJS.Immediate);
		clearTimeout(this.#waiting as NodeJS.Timeout);
		this.#waiting = undefined;
	}

	/** Whether one more fits, after sending what is there if need be: two messages, two vectors, and its bytes. */
	#hasRoom(bytes: number): boolean {
		const end = this.#arena + ARENA_BYTES - bytes - 64;
		if (this.#queue.room(2, 2) && this.#at <= end) return true;
		if (this.#queue.blockedUntil === 0) this.#flush();
		return this.#queue.room(2, 2) && this.#at <= end;
	}

	#continues(to: Recipient, size: number): boolean {
		if (this.#to !== to || to.single || this.#count >= this.#queue.most) return false;
		const fits = size <= this.#segment && this.#bytes + size <= GROUP_BYTES;
		return fits && this.#last === this.#segment && this.#segment <= MAX_SEGMENT;
	}

	#begin(to: Recipient, size: number): void {
		this.#end();
		this.#to = to;
		this.#vector = this.#queue.vector;
		this.#count = 0;
		this.#bytes = 0;
		this.#segment = size;
		to.name = this.#memory.low + this.#copy(to.socketAddress);
	}

	/** The run is complete. */
	#end(): void {
		const to = this.#to;
		if (!to) return;
		this.#queue.add(to, this.#vector, this.#queue.vector - this.#vector, this.#count, this.#segment);
		this.#to = undefined;
	}

	/** Offset of a payload, which is copied where it was not yet. */
	#place(payload: Uint8Array): number {
		let at = this.#placed.get(payload);
		if (at === undefined) {
			at = this.#copy(payload);
			this.#placed.set(payload, at);
		}
		return at;
	}

	#copy(bytes: Uint8Array): number {
		const at = this.#at;
		this.#memory.bytes.set(bytes, at);
		// What lies at whole words is read fastest.
		this.#at = (at + bytes.length + 7) & ~7;
		return at;
	}
}
