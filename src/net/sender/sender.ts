import { availableParallelism } from "node:os";
import type { Millis } from "../../media/time.ts";
import type { Pool } from "../pool.ts";
import type { PacketRing } from "../ring.ts";
import type { UdpSocket } from "../udp.ts";
import { closeDescriptor, duplicateDescriptor, hasSegmentation } from "../udp-native.ts";
import { Channel, type ChannelOptions, type SendLevel } from "./channel.ts";
import { viewMemory } from "./memory.ts";
import { openSendMessages } from "./message-queue.ts";
import { Records } from "./records.ts";
import { type SenderSocket, SenderStream, type StreamHost } from "./stream.ts";

/** Oldest packet that is still sent, where nothing else is said. */
const BEHIND_MS = 1000;
/**
 * Destinations that the caller's thread serves with `auto`, and that each thread has before the next one is begun: to
 * wake another thread for every batch costs more than a few destinations do.
 */
const FEW = 128;
/** Failures within this time of each other are a row of them. */
const FAILURE_ROW_MS = 10_000;
/** After so many threads in a row have failed, the caller's thread does their work. */
const MOST_FAILURES = 3;
/** How long the destinations of a channel that failed again wait for another one: doubled with each in a row. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export interface SenderOptions {
	readonly pool: Pool;
	/**
	 * Sending threads; 0 sends in the caller's thread. `auto` does so for a few destinations, and for more begins one
	 * thread after the other, up to one less than the machine has cores, at least 1.
	 */
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
	/** Threads of its own that it may have. */
	readonly threads: number;
	readonly #pool: Pool;
	readonly #auto: boolean;
	readonly #channels: Channel[] = [];
	readonly #channelOptions: ChannelOptions;
	readonly #log: (message: string) => void;
	readonly #records: Records;
	readonly #host: StreamHost;
	/** Sockets by number, and the descriptor that the threads use: theirs until the sender is closed. */
	readonly #sockets = new Map<UdpSocket, SenderSocket>();
	readonly #streams = new Set<SenderStream>();
	/** Commands that were posted to any thread: the clock of what the pool may use again. */
	#posted = 0;
	#opened = 0;
	/** Failures in a row, but for the first one. */
	#failures = 0;
	/** Threads are not begun any more. */
	#gaveUp = false;
	#failedAt = Number.NEGATIVE_INFINITY;
	#closed = false;

	/** @throws RangeError where the pool has no memory for the threads */
	static create(options: SenderOptions): Sender {
		return new Sender(options);
	}

	private constructor(options: SenderOptions) {
		const log = options.log ?? (() => {});
		const { pool, threads, behindMs = BEHIND_MS } = options;
		this.#pool = pool;
		this.#log = log;
		this.level = bestLevel(options.level ?? "gso", log);
		this.threads = this.level === "dgram" ? 0 : countThreads(threads);
		this.#auto = threads === "auto";
		const memory = viewMemory(pool.shared, pool.address);
		this.#records = new Records(pool, memory);
		this.#channelOptions = {
			pool,
			level: this.level,
			behindMs,
			say: once(log),
			socket: (number) => this.#socket(number),
			stamp: () => ++this.#posted,
			failed: (channel, cause) => this.#failed(channel, cause),
		};
		const first = this.#auto ? 0 : this.threads;
		for (let i = 0; i < Math.max(1, first); i++) this.#open(first > 0);
		this.#host = {
			records: this.#records,
			memory,
			channel: () => this.#channel(),
			socket: (socket) => this.#register(socket),
			closed: (stream) => this.#streams.delete(stream),
		};
		pool.setReaders({
			stamp: () => this.#posted,
			settled: () => Math.min(...this.#channels.map((channel) => channel.settled())),
		});
	}

	#open(threaded: boolean): Channel {
		const channel = new Channel(this.#channelOptions, threaded);
		this.#channels.push(channel);
		this.#chain();
		return channel;
	}

	/** The threads wake each other in a ring. */
	#chain(): void {
		const threads = this.#channels.filter(({ threaded }) => threaded);
		for (const [i, thread] of threads.entries()) thread.follow(threads[(i + 1) % threads.length]!);
	}

	/** Who serves the next destination. */
	#channel(): Channel {
		const own = this.#channels.find(({ threaded }) => !threaded);
		if (this.#auto && !own) return this.#open(false);
		if (this.#auto && own && own.load < FEW) return own;
		const most = this.#gaveUp ? 0 : this.threads;
		const some = this.#channels.filter(({ threaded }) => threaded === most > 0);
		const isWanted = !this.#auto || some.every(({ load }) => load >= FEW);
		if (isWanted && some.length < Math.max(1, most)) return this.#open(most > 0);
		return some.reduce((best, channel) => (channel.load < best.load ? channel : best));
	}

	/** Nobody else shall notice: the destinations of what failed go on in another one. */
	#failed(channel: Channel, cause: unknown): void {
		if (this.#closed) return;
		this.#channels.splice(this.#channels.indexOf(channel), 1);
		this.#chain();
		const now = performance.now();
		this.#failures = now - this.#failedAt < FAILURE_ROW_MS ? this.#failures + 1 : 0;
		this.#failedAt = now;
		const who = channel.threaded ? "a sending thread" : "sending";
		const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
		this.#log(`${who} failed, its ${channel.load} destinations go on in another one: ${why}`);
		if (!this.#gaveUp && channel.threaded && this.#failures >= MOST_FAILURES) {
			this.#gaveUp = true;
			this.#log("sending threads fail again and again: the main thread does their work from now on");
		}
		const pause = this.#failures === 0 ? 0 : FIRST_PAUSE_MS * 2 ** (this.#failures - 1);
		setTimeout(() => this.#revive(channel), Math.min(pause, LONGEST_PAUSE_MS)).unref();
	}

	#revive(failed: Channel): void {
		try {
			for (const stream of this.#streams) stream.revive(failed);
		} catch (error) {
			this.#log(`not all destinations can go on: ${error instanceof Error ? error.message : String(error)}`);
		}
	}

	/** Serves a stream's ring. */
	open(ring: PacketRing): SenderStream {
		const stream = new SenderStream(this.#host, ring, ++this.#opened);
		this.#streams.add(stream);
		return stream;
	}

	/** Ends the threads. A port is free again when both its sockets and the sender are closed. */
	async close(): Promise<void> {
		this.#closed = true;
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

/** Says each thing once. */
function once(log: (message: string) => void): (message: string) => void {
	const said = new Set<string>();
	return (message) => {
		if (said.has(message)) return;
		said.add(message);
		log(message);
	};
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
