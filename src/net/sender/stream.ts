import type { PacketRing } from "../ring.ts";
import type { UdpSocket } from "../udp.ts";
import type { Channel } from "./channel.ts";
import { Delivery } from "./delivery.ts";
import type { JoinOptions } from "./join.ts";
import { DO_BATCH, DO_CLOSE, MAX_TRACKS } from "./layout.ts";
import type { Memory } from "./memory.ts";
import type { Records } from "./records.ts";

/** A socket as threads know it. */
export interface SenderSocket {
	/** The same for all threads. */
	readonly number: number;
	readonly fd: number;
}

/** What a stream needs of its sender. */
export interface StreamHost {
	readonly records: Records;
	readonly memory: Memory;
	/**
	 * Who serves the next destination.
	 * @throws RangeError where the media memory is used up
	 */
	channel(): Channel;
	/**
	 * How threads know a socket.
	 * @throws RangeError where the process has no descriptor left
	 */
	socket(socket: UdpSocket): SenderSocket;
	closed(stream: SenderStream): void;
}

/** One stream on its way to its UDP destinations. */
export class SenderStream {
	readonly ring: PacketRing;
	readonly #host: StreamHost;
	readonly #id: number;
	readonly #deliveries = new Set<Delivery>();
	/** Destinations of each thread. */
	readonly #readers = new Map<Channel, number>();
	#to: number;
	/** There was a key frame: destinations that were cut wait for the next one. */
	#hasKeys = false;
	#closed = false;

	constructor(host: StreamHost, ring: PacketRing, id: number) {
		this.#host = host;
		this.ring = ring;
		this.#id = id;
		this.#to = ring.head;
	}

	/** Packets below this number have been handed over. */
	get to(): number {
		return this.#to;
	}

	/** Sends all packets below number `to` that were not sent yet to all destinations. One call for each batch. */
	batch(to: number): void {
		// A stream that is opened within a batch has taken its packets already.
		if (to <= this.#to) return;
		this.#to = to;
		// A thread that wakes up may take this one's processor: by then all have their command, and wake each other.
		for (const channel of this.#readers.keys()) if (channel.threaded) channel.lay(this.#batch);
		// The one that sends in this thread would keep the others waiting.
		for (const channel of this.#readers.keys()) if (channel.threaded) channel.wake();
		for (const channel of this.#readers.keys()) if (!channel.threaded) channel.post(this.#batch);
	}

	readonly #batch = (command: Uint32Array): void => this.fill(command, DO_BATCH);

	/** Fills in what commands about a stream have in common. */
	fill(command: Uint32Array, kind: number): void {
		const { ring } = this;
		command[0] = kind;
		command[2] = this.#id;
		command[3] = ring.table;
		command[4] = ring.capacity;
		command[5] = ring.tail;
		command[6] = this.#to;
		if (ring.join >= 0) this.#hasKeys = true;
		command[7] = this.#hasKeys ? 1 : 0;
	}

	/**
	 * Starts sending to a destination: at once what the ring has since `from`, in steps, then each batch.
	 * @throws RangeError where an address is none, a track's number is too high, or the media memory is used up
	 */
	join(options: JoinOptions): Delivery {
		if (this.#closed) throw new RangeError("the stream is closed");
		if (options.tracks.some((track, number) => track && number >= MAX_TRACKS)) {
			throw new RangeError(`only the first ${MAX_TRACKS} tracks of a stream go over UDP`);
		}
		const channel = this.#host.channel();
		const delivery = new Delivery(this, this.#host, channel, options);
		this.#deliveries.add(delivery);
		this.#count(channel);
		delivery.start();
		return delivery;
	}

	#count(channel: Channel): void {
		this.#readers.set(channel, (this.#readers.get(channel) ?? 0) + 1);
		channel.load++;
	}

	/**
	 * A channel has failed: others serve its destinations, which go on at the live edge.
	 * @throws RangeError where the media memory is used up
	 */
	revive(failed: Channel): void {
		if (!this.#readers.delete(failed)) return;
		for (const delivery of this.#deliveries) {
			if (delivery.channel !== failed) continue;
			const channel = this.#host.channel();
			delivery.revive(channel);
			this.#count(channel);
		}
	}

	/** A destination is gone. */
	left(delivery: Delivery, channel: Channel): void {
		if (!this.#deliveries.delete(delivery)) return;
		channel.load--;
		const readers = (this.#readers.get(channel) ?? 1) - 1;
		if (readers > 0) {
			this.#readers.set(channel, readers);
			return;
		}
		this.#readers.delete(channel);
		channel.post((command) => command.set([DO_CLOSE, 0, this.#id]));
	}

	/** Ends all destinations. */
	close(): void {
		for (const delivery of [...this.#deliveries]) delivery.leave();
		this.#closed = true;
		this.#host.closed(this);
	}
}
