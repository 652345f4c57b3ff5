import { availableParallelism } from "node:os";
import type { Millis } from "../../media/time.ts";
import { closeDescriptor, duplicateDescriptor, hasSegmentation } from "../libc.ts";
import type { Pool } from "../pool.ts";
import type { PacketRing } from "../ring.ts";
import type { UdpSocket } from "../udp.ts";
import { Channel, type SendLevel } from "./channel.ts";
import { viewMemory } from "./memory.ts";
import { openSendMessages } from "./message-queue.ts";
import { Records } from "./records.ts";
import { type SenderSocket, SenderStream, type StreamHost } from "./stream.ts";

/** Oldest packet that is still sent, where nothing else is said. */
const BEHIND_MS = 1000;

export interface SenderOptions {
	readonly pool: Pool;
	/** Sending threads; `auto` is one less than the machine has cores, at least 1; 0 sends in the caller's thread. */
	readonly threads: "auto" | number;
	/** The best way that may be used; what the system cannot do is not used either. */
	readonly level?: SendLevel | undefined;
	/** A destination whose oldest unsent packet is older goes on at the next key frame. */
	readonly behindMs?: Millis | undefined;
	/** Takes a line for the log; a few in the life of a process. */
	readonly log?: ((message: string) => void) | undefined;
}

/** Sends the packets of streams to any number of UDP destinations: each batch by one call to `SenderStream.batch`. */
export class Sender {
	readonly level: SendLevel;
	readonly threads: number;
	readonly #pool: Pool;
	readonly #channels: Channel[] = [];
	readonly #records: Records;
	readonly #host: StreamHost;
	/** Sockets by number, and the descriptor that the threads use: theirs until the sender is closed. */
	readonly #sockets = new Map<UdpSocket, SenderSocket>();
	readonly #streams = new Set<SenderStream>();
	/** Commands that were posted to any thread: the clock of what the pool may use again. */
	#posted = 0;
	#opened = 0;

	/** @throws RangeError where the pool has no memory for the threads */
	static create(options: SenderOptions): Sender {
		return new Sender(options);
	}

	private constructor(options: SenderOptions) {
		const log = options.log ?? (() => {});
		const { pool } = options;
		this.#pool = pool;
		this.level = bestLevel(options.level ?? "gso", log);
		this.threads = this.level === "dgram" ? 0 : countThreads(options.threads);
		this.#records = new Records(pool, viewMemory(pool.shared, pool.address));
		const said = new Set<string>();
		const say = (message: string): void => {
			if (said.has(message)) return;
			said.add(message);
			log(message);
		};
		for (let i = 0; i < Math.max(1, this.threads); i++) {
			this.#channels.push(
				new Channel(
					{
						pool,
						level: this.level,
						behindMs: options.behindMs ?? BEHIND_MS,
						say,
						socket: (number) => this.#socket(number),
						stamp: () => ++this.#posted,
					},
					this.threads > 0,
				),
			);
		}
		this.#host = {
			records: this.#records,
			memory: this.#channels[0]!.memory,
			channels: this.#channels,
			socket: (socket) => this.#register(socket),
			closed: (stream) => this.#streams.delete(stream),
		};
		pool.setReaders({
			stamp: () => this.#posted,
			settled: () => Math.min(...this.#channels.map((channel) => channel.settled())),
		});
	}

	/** Serves a stream's ring. */
	open(ring: PacketRing): SenderStream {
		const stream = new SenderStream(this.#host, ring, ++this.#opened);
		this.#streams.add(stream);
		return stream;
	}

	/** Ends the threads. A port is free again when both its sockets and the sender are closed. */
	async close(): Promise<void> {
		for (const stream of [...this.#streams]) stream.close();
		await Promise.all(this.#channels.map((channel) => channel.close()));
		this.#records.close();
		for (const { fd } of this.#sockets.values()) if (fd >= 0) closeDescriptor(fd);
		this.#sockets.clear();
		this.#pool.setReaders({ stamp: () => 0, settled: () => Number.POSITIVE_INFINITY });
	}

	#register(socket: UdpSocket): SenderSocket {
		let known = this.#sockets.get(socket);
		if (!known) {
			const fd = this.level === "dgram" ? -1 : duplicateDescriptor(socket.fd);
			if (fd < 0 && this.level !== "dgram") throw new RangeError("no file descriptor left for another socket");
			known = { number: this.#sockets.size + 1, fd };
			this.#sockets.set(socket, known);
		}
		return known;
	}

	#socket(number: number): UdpSocket | undefined {
		for (const [socket, known] of this.#sockets) if (known.number === number) return socket;
		return undefined;
	}
}

function countThreads(threads: "auto" | number): number {
	return threads === "auto" ? Math.max(1, availableParallelism() - 1) : threads;
}

function bestLevel(wanted: SendLevel, log: (message: string) => void): SendLevel {
	if (wanted === "dgram") return "dgram";
	if (!openSendMessages()) {
		log("no sendmmsg here: packets leave one by one through dgram, and protected streams (WebRTC) do not");
		return "dgram";
	}
	if (wanted === "gso" && !hasSegmentation()) {
		log("this kernel has no UDP segmentation: packets leave by sendmmsg alone, which is slower");
		return "sendmmsg";
	}
	return wanted;
}
