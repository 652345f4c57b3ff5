import { type Foreign, native } from "../native.ts";
import type { Destination } from "./destination.ts";
import { CONTROL_BYTES, MAX_SEGMENT, THREAD } from "./layout.ts";
import type { Memory } from "./memory.ts";
import { type Addressee, GROUP_PACKETS, type OutletEvents } from "./outlet.ts";

/** sendmmsg takes 1024 messages at most; half of that keeps one call short. */
const MESSAGES = 512;
/** `struct mmsghdr` and `struct iovec` of 64-bit systems. */
const MESSAGE_BYTES = 64;
const VECTOR_BYTES = 16;
const VECTORS = 4096;
/** For messages that are taken apart: one message more, and this many vectors. */
const SPARE_VECTORS = 8;
const VECTORS_AT = (MESSAGES + 1) * MESSAGE_BYTES;

/** Bytes of media memory that a queue needs. */
export const QUEUE_BYTES = VECTORS_AT + (VECTORS + SPARE_VECTORS) * VECTOR_BYTES;

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

const EINTR = 4;
const EIO = 5;
const EAGAIN = 11;
const EINVAL = 22;
const EMSGSIZE = 90;
const ENOPROTOOPT = 92;
const EOPNOTSUPP = 95;
const ENOBUFS = 105;
const ECONNREFUSED = 111;

/** How long a full socket is left alone. */
const PAUSE_MS = 1;

/** Socket, address of `struct mmsghdr[]`, messages, flags; gives how many left, or −1. */
type SendMessages = Foreign<[number, number, number, number], number>;

/** What a queue calls. */
export interface MessageSystem {
	readonly send: SendMessages;
	/** The error number of the last call. */
	readonly errno: () => number;
}

let system: MessageSystem | undefined;

/** `sendmmsg`, or undefined where the system has none. */
export function openSendMessages(): MessageSystem | undefined {
	if (system || !native || process.platform !== "linux") return system;
	const { errno, libc } = native;
	try {
		system = { send: libc.bind("sendmmsg", "int", ["int", "uint64_t", "uint32_t", "int"]), errno };
	} catch {
		// A C library without it: dgram has to do.
	}
	return system;
}

/**
 * Writes the control messages that ask for segmentation, one for each segment size: `struct cmsghdr` and a 16-bit
 * size, 18 bytes in 24 (linux/udp.h).
 */
export function writeControls(memory: Memory, block: number): void {
	for (let size = 0; size <= MAX_SEGMENT; size++) {
		const at = (block + THREAD.controls + size * CONTROL_BYTES) >> 2;
		memory.words.set([18, 0, SOL_UDP, UDP_SEGMENT, size, 0], at);
	}
}

export interface QueueOptions<To extends Addressee = Destination> {
	readonly fd: number;
	/** Offset of QUEUE_BYTES in the media memory. */
	readonly region: number;
	/** Offset of the thread's block. */
	readonly block: number;
	readonly segmenting: boolean;
	/** Milliseconds, on the engine's clock. */
	readonly clock: () => number;
	readonly events: OutletEvents<To>;
}

/** Messages in the system's own form, waiting for one `sendmmsg`. */
export class MessageQueue<To extends Addressee = Destination> {
	blockedUntil = 0;
	/** Most segments of one message. */
	most: number;
	readonly #memory: Memory;
	readonly #options: QueueOptions<To>;
	readonly #send: SendMessages;
	readonly #errno: () => number;
	readonly #messages: number;
	readonly #vectors: number;
	readonly #controls: number;
	readonly #owners: (To | undefined)[] = new Array(MESSAGES).fill(undefined);
	/** Messages that are there, and the first one that has not left. */
	#count = 0;
	#first = 0;
	#vector = 0;
	/** Where the first message is being taken apart: the segment that leaves next; else −1. */
	#segment = -1;
	#retried = false;

	/** @param calls the system's functions, or a test's */
	constructor(memory: Memory, options: QueueOptions<To>, calls = openSendMessages()) {
		if (!calls) throw new Error("this system has no sendmmsg");
		this.#memory = memory;
		this.#options = options;
		this.#send = calls.send;
		this.#errno = calls.errno;
		this.#messages = options.region;
		this.#vectors = options.region + VECTORS_AT;
		this.#controls = memory.low + options.block + THREAD.controls;
		this.most = options.segmenting ? GROUP_PACKETS : 1;
		this.#format();
	}

	get empty(): boolean {
		return this.#count === 0;
	}

	/** Index of the next vector. */
	get vector(): number {
		return this.#vector;
	}

	room(messages: number, vectors: number): boolean {
		return this.#count + messages <= MESSAGES && this.#vector + vectors <= VECTORS;
	}

	/** Adds a vector: `length` bytes at an offset of the media memory. */
	point(offset: number, length: number): void {
		const at = (this.#vectors + this.#vector++ * VECTOR_BYTES) >> 2;
		this.#memory.words[at] = this.#memory.low + offset;
		this.#memory.words[at + 2] = length;
	}

	/** Makes the newest vector longer. */
	extend(length: number): void {
		this.#memory.words[((this.#vectors + (this.#vector - 1) * VECTOR_BYTES) >> 2) + 2]! += length;
	}

	/** Adds a message of `count` segments of the size `segment`, of which the last may be smaller. */
	add(owner: To, vector: number, vectors: number, count: number, segment: number): void {
		const words = this.#memory.words;
		const at = (this.#messages + this.#count * MESSAGE_BYTES) >> 2;
		words[at] = owner.name;
		words[at + 2] = owner.nameBytes;
		words[at + 4] = this.#memory.low + this.#vectors + vector * VECTOR_BYTES;
		words[at + 6] = vectors;
		if (count > 1) {
			words[at + 8] = this.#controls + segment * CONTROL_BYTES;
			words[at + 9] = this.#memory.high;
			words[at + 10] = CONTROL_BYTES;
		} else {
			words[at + 8] = 0;
			words[at + 9] = 0;
			words[at + 10] = 0;
		}
		this.#owners[this.#count++] = owner;
	}

	/** Gives everything to the socket. False where it is full: the rest stays, and `blockedUntil` is set. */
	flush(): boolean {
		while (this.#first < this.#count) {
			if (this.#segment >= 0) {
				if (!this.#sendApart()) return false;
				continue;
			}
			const sent = this.#give(this.#first, this.#count - this.#first);
			if (sent > 0) {
				this.#first += sent;
				this.#retried = false;
			} else if (!this.#recover(this.#errno())) return false;
		}
		this.#first = this.#count = this.#vector = 0;
		this.blockedUntil = 0;
		return true;
	}

	#give(message: number, count: number): number {
		const address = this.#memory.address + this.#messages + message * MESSAGE_BYTES;
		return this.#send(this.#options.fd, address, count, MSG_DONTWAIT | MSG_NOSIGNAL);
	}

	#pause(): false {
		this.blockedUntil = this.#options.clock() + PAUSE_MS;
		return false;
	}

	/** Decides about the first message, which the socket refused. False: the socket is full. */
	#recover(errno: number): boolean {
		if (errno === EINTR) return true;
		if (errno === EAGAIN || errno === ENOBUFS) return this.#pause();
		if (this.#memory.words[((this.#messages + this.#first * MESSAGE_BYTES) >> 2) + 10] !== 0) {
			this.#segment = 0;
			this.#demote(errno);
			return true;
		}
		// An ICMP error is reported once, on whatever is sent next.
		if (errno === ECONNREFUSED && !this.#retried) {
			this.#retried = true;
			return true;
		}
		this.#retried = false;
		this.#owners[this.#first++]?.refuse();
		return true;
	}

	/** Segmentation was refused: on this socket, or on the way to this destination (its MTU is too small). */
	#demote(errno: number): void {
		const owner = this.#owners[this.#first];
		if (errno === EIO || errno === ENOPROTOOPT || errno === EOPNOTSUPP) {
			if (this.most > 1) this.#options.events.refused(errno);
			this.most = 1;
		} else if ((errno === EMSGSIZE || errno === EINVAL) && owner && !owner.single) {
			owner.single = true;
			this.#options.events.single(owner);
		}
	}

	/** Sends the first message's segments one by one. False: the socket is full, and it goes on from there. */
	#sendApart(): boolean {
		const owner = this.#owners[this.#first];
		for (;;) {
			if (!this.#takeSegment()) break;
			if (this.#give(MESSAGES, 1) <= 0) {
				const errno = this.#errno();
				if (errno === EINTR) continue;
				if (errno === EAGAIN || errno === ENOBUFS) return this.#pause();
				owner?.refuse();
			}
			this.#segment++;
		}
		this.#segment = -1;
		this.#first++;
		return true;
	}

	/** Makes the spare message hold the next segment of the first message. False after the last one. */
	#takeSegment(): boolean {
		const { low, view, words } = this.#memory;
		const from = (this.#messages + this.#first * MESSAGE_BYTES) >> 2;
		const spare = (this.#messages + MESSAGES * MESSAGE_BYTES) >> 2;
		const size = view.getUint16(words[from + 8]! - low + 16, true);
		let skip = size * this.#segment;
		let left = size;
		let vectors = 0;
		const first = (words[from + 4]! - low) >>> 2;
		for (let i = 0; i < words[from + 6]! && left > 0 && vectors < SPARE_VECTORS; i++) {
			const length = words[first + 4 * i + 2]!;
			const part = Math.min(left, length - skip);
			if (part > 0) {
				const to = (this.#vectors + (VECTORS + vectors++) * VECTOR_BYTES) >> 2;
				words[to] = words[first + 4 * i]! + skip;
				words[to + 2] = part;
				left -= part;
			}
			skip = Math.max(0, skip - length);
		}
		if (vectors === 0) return false;
		words[spare] = words[from]!;
		words[spare + 2] = words[from + 2]!;
		words[spare + 4] = low + this.#vectors + VECTORS * VECTOR_BYTES;
		words[spare + 6] = vectors;
		return true;
	}

	/** What never changes: the upper halves of pointers. */
	#format(): void {
		const { high, words } = this.#memory;
		words.fill(0, this.#messages >> 2, (this.#messages + QUEUE_BYTES) >> 2);
		for (let i = 0; i <= MESSAGES; i++) {
			const at = (this.#messages + i * MESSAGE_BYTES) >> 2;
			words[at + 1] = high;
			words[at + 5] = high;
		}
		for (let i = 0; i < VECTORS + SPARE_VECTORS; i++) words[((this.#vectors + i * VECTOR_BYTES) >> 2) + 1] = high;
	}
}
