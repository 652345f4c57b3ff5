import { ENTRY_INFO, ENTRY_SEQUENCE, ENTRY_TIMESTAMP, type PacketRing } from "../ring.ts";
import { encodeSocketAddress } from "../socket-address.ts";
import type { UdpSocket } from "../udp.ts";
import type { Channel } from "./channel.ts";
import type { DeliveryStats, FirstPacket, JoinOptions, TrackOptions, TrackStats } from "./delivery.ts";
import {
	DO_ADDRESS,
	DO_BATCH,
	DO_CLOSE,
	DO_JOIN,
	DO_LEAVE,
	DO_REPLAY,
	DO_RESEND,
	FLAG_REWRITE,
	FLAG_SQUEEZE,
	MAX_TRACKS,
	NO_RTX,
	PROTECTION_CM,
	PROTECTION_GCM,
	PROTECTION_NONE,
	RECORD,
	RESEND_MAX,
	TRACK,
	TRACK_BYTES,
} from "./layout.ts";
import type { Memory } from "./memory.ts";
import type { Records } from "./records.ts";
import { pressTimestamp } from "./squeeze.ts";

/** A browser takes low numbers for a stream's start, and a wrap among the first packets loses its roll-over counter. */
const FIRST_SEQUENCE = 1000;
/** A viewer that asks for a key frame gets the join point again; not more often than this. */
const REPLAY_MS = 300;
/** Most packets that are sent again at once, and for how long: a destination that asks for everything gets no more. */
const RESEND_BURST = 512;
const RESENDS_PER_MS = 1;

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
	readonly channels: readonly Channel[];
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
		for (const channel of this.#readers.keys()) channel.post(this.#batch);
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
		const channel = this.#leastLoaded();
		const delivery = new Delivery(this, this.#host, channel, options);
		this.#readers.set(channel, (this.#readers.get(channel) ?? 0) + 1);
		this.#deliveries.add(delivery);
		channel.load++;
		delivery.start();
		return delivery;
	}

	#leastLoaded(): Channel {
		return this.#host.channels.reduce((best, channel) => (channel.load < best.load ? channel : best));
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

interface Leg {
	record: number;
	readonly socket: UdpSocket;
	readonly port: number;
	readonly tracks: Set<number>;
}

/** One address (or one for each track) that a stream is sent to. */
export class Delivery {
	readonly #stream: SenderStream;
	readonly #host: StreamHost;
	readonly #channel: Channel;
	readonly #tracks: readonly (TrackOptions | null)[];
	readonly #first: (FirstPacket | undefined)[] = [];
	/** Records: one, or one for each port and socket that tracks go by. */
	readonly #legs: Leg[] = [];
	readonly #from: number;
	#replayed = Number.NEGATIVE_INFINITY;
	/** Packets that may be sent again, as of `creditAt`. */
	#credit = RESEND_BURST;
	#creditAt = 0;
	#last: DeliveryStats | undefined;

	constructor(stream: SenderStream, host: StreamHost, channel: Channel, options: JoinOptions) {
		this.#stream = stream;
		this.#host = host;
		this.#channel = channel;
		this.#tracks = options.tracks;
		this.#from = Math.min(Math.max(options.from, stream.ring.tail), stream.to);
		options.tracks.forEach((track, number) => {
			if (track) this.#leg(track.socket ?? options.socket, track.port ?? options.port).add(number);
		});
		try {
			for (const leg of this.#legs) this.#write(leg, options);
		} catch (error) {
			for (const { record } of this.#legs) if (record >= 0) host.records.give(record);
			throw error;
		}
		this.#look(options);
	}

	#leg(socket: UdpSocket, port: number): Set<number> {
		let leg = this.#legs.find((one) => one.socket === socket && one.port === port);
		if (!leg) {
			leg = { record: -1, socket, port, tracks: new Set() };
			this.#legs.push(leg);
		}
		return leg.tracks;
	}

	#write(leg: Leg, options: JoinOptions): void {
		const socket = this.#host.socket(leg.socket);
		const name = encodeSocketAddress(options.address, leg.port);
		leg.record = this.#channel.announce(socket) ? this.#host.records.take() : -1;
		if (leg.record < 0) throw new RangeError("no media memory left for another destination");
		const { bytes, words } = this.#host.memory;
		const { record } = leg;
		const { protection } = options;
		words[(record + RECORD.nameBytes) >> 2] = name.length;
		bytes.set(name, record + RECORD.name);
		words[(record + RECORD.socket) >> 2] = socket.number;
		const squeeze = options.squeeze && !protection;
		words[(record + RECORD.flags) >> 2] = (options.rewrite ? FLAG_REWRITE : 0) | (squeeze ? FLAG_SQUEEZE : 0);
		let kind: number = PROTECTION_NONE;
		if (protection) {
			kind = protection.profile === "AEAD_AES_128_GCM" ? PROTECTION_GCM : PROTECTION_CM;
			checkKeys(kind, protection.key, protection.salt, protection.authKey);
			bytes.set(protection.key, record + RECORD.key);
			bytes.set(protection.salt, record + RECORD.salt);
			bytes.set(protection.authKey, record + RECORD.authKey);
		}
		words[(record + RECORD.protection) >> 2] = kind;
		for (const track of leg.tracks) this.#writeTrack(record, track);
	}

	#writeTrack(record: number, number: number): void {
		const track = this.#tracks[number];
		if (!track) return;
		const { words } = this.#host.memory;
		const at = record + RECORD.tracks + number * TRACK_BYTES;
		words[(at + TRACK.taken) >> 2] = 1;
		words[(at + TRACK.payloadType) >> 2] = track.payloadType & 0x7f;
		words[(at + TRACK.ssrc) >> 2] = track.ssrc;
		words[(at + TRACK.rtxPayloadType) >> 2] = track.rtx ? track.rtx.payloadType & 0x7f : NO_RTX;
		words[(at + TRACK.rtxSsrc) >> 2] = track.rtx?.ssrc ?? 0;
		words[(at + TRACK.rtxFirst) >> 2] = (track.rtx?.firstSequence ?? track.firstSequence ?? FIRST_SEQUENCE) & 0xffff;
		words[(at + TRACK.firstSequence) >> 2] = (track.firstSequence ?? FIRST_SEQUENCE) & 0xffff;
	}

	/** Looks at the packets of the burst: where each track starts and where its live edge is. */
	#look(options: JoinOptions): void {
		const { ring, to } = this.#stream;
		const { words } = this.#host.memory;
		const first: ({ sequence: number; timestamp: number } | undefined)[] = [];
		const edge: number[] = [];
		for (let number = this.#from; number < to; number++) {
			const at = ring.entry(number);
			const track = (words[at + ENTRY_INFO]! >>> 16) & 0xff;
			if (!this.#tracks[track]) continue;
			const timestamp = words[at + ENTRY_TIMESTAMP]!;
			first[track] ??= { sequence: words[at + ENTRY_SEQUENCE]! & 0xffff, timestamp };
			const newest = edge[track];
			if (newest === undefined || ((timestamp - newest) | 0) > 0) edge[track] = timestamp;
		}
		this.#tracks.forEach((track, number) => {
			const start = first[number];
			const newest = edge[number];
			if (!track || !start || newest === undefined) return;
			const squeeze = options.squeeze && !options.protection;
			if (squeeze) this.#writeEdge(number, newest);
			this.#first[number] = {
				sequence: options.rewrite ? (track.firstSequence ?? FIRST_SEQUENCE) & 0xffff : start.sequence,
				timestamp: squeeze ? pressTimestamp(start.timestamp, newest) : start.timestamp,
			};
		});
	}

	#writeEdge(track: number, timestamp: number): void {
		const { words } = this.#host.memory;
		const leg = this.#legs.find((one) => one.tracks.has(track));
		if (!leg) return;
		const at = leg.record + RECORD.tracks + track * TRACK_BYTES;
		words[(at + TRACK.edge) >> 2] = timestamp;
		words[(at + TRACK.squeeze) >> 2] = 1;
	}

	/** Begins to send. */
	start(): void {
		for (const { record } of this.#legs) {
			this.#channel.post((command) => {
				this.#stream.fill(command, DO_JOIN);
				command[8] = record;
				command[9] = this.#from;
			});
		}
	}

	/** The first packet of a track as the destination sees it; undefined where the track has none yet. */
	first(track: number): FirstPacket | undefined {
		return this.#first[track];
	}

	/**
	 * Sends to another address from now on, by the socket that it was heard at.
	 * @param track only what goes to the same port as this track; everything if not given
	 * @throws RangeError where that is no address, or the process has no descriptor left
	 */
	setAddress(address: string, port: number, socket: UdpSocket, track?: number): void {
		const name = encodeSocketAddress(address, port);
		const padded = new Uint8Array(28);
		padded.set(name);
		const words = new Uint32Array(padded.buffer);
		const known = this.#host.socket(socket);
		if (!this.#channel.announce(known)) return;
		for (const { record, tracks } of this.#legs) {
			if (track !== undefined && !tracks.has(track)) continue;
			this.#channel.post((command) => {
				command.set([DO_ADDRESS, 0, record, known.number, name.length]);
				command.set(words, 5);
			});
		}
	}

	/**
	 * Sends packets again that the ring still has.
	 * @param sequences 16-bit sequence numbers as the destination saw them
	 */
	resend(track: number, sequences: readonly number[]): void {
		const leg = this.#legs.find((one) => one.tracks.has(track));
		if (!leg) return;
		const now = performance.now();
		this.#credit = Math.min(RESEND_BURST, this.#credit + (now - this.#creditAt) * RESENDS_PER_MS);
		this.#creditAt = now;
		const most = Math.min(sequences.length, Math.floor(this.#credit));
		this.#credit -= most;
		for (let from = 0; from < most; from += RESEND_MAX) {
			const some = sequences.slice(from, Math.min(from + RESEND_MAX, most));
			this.#channel.offer((command) => {
				this.#stream.fill(command, DO_RESEND);
				command[8] = leg.record;
				command[9] = track | (some.length << 8);
				command.set(some, 10);
			});
		}
	}

	/** Answers a request for a key frame: the very same packets since the join point again, damped. */
	replay(): void {
		const now = performance.now();
		const { join } = this.#stream.ring;
		if (join < 0 || now - this.#replayed < REPLAY_MS) return;
		this.#replayed = now;
		for (const { record } of this.#legs) {
			this.#channel.offer((command) => {
				this.#stream.fill(command, DO_REPLAY);
				command[8] = record;
				command[9] = join;
			});
		}
	}

	/** What was sent so far. After `leave`, what had been sent by then. */
	get stats(): DeliveryStats {
		return this.#last ?? this.#read();
	}

	/** Writes what was sent so far into a reader's counters: each second for each reader, so without anything new. */
	tell(counters: { packets: number; bytes: number; dropped: number; cuts: number }): void {
		if (this.#last) {
			const { packets, octets: bytes, dropped, cuts } = this.#last;
			Object.assign(counters, { packets, bytes, dropped, cuts });
			return;
		}
		counters.packets = this.#sum(RECORD.packets);
		counters.bytes = this.#sum(RECORD.octets);
		counters.dropped = this.#sum(RECORD.dropped);
		counters.cuts = this.#sum(RECORD.cuts);
	}

	#sum(counter: number): number {
		const { counters } = this.#host.memory;
		let sum = 0;
		for (let i = 0; i < this.#legs.length; i++) sum += counters[(this.#legs[i]!.record + counter) >> 3]!;
		return sum;
	}

	#read(): DeliveryStats {
		return {
			packets: this.#sum(RECORD.packets),
			octets: this.#sum(RECORD.octets),
			dropped: this.#sum(RECORD.dropped),
			cuts: this.#sum(RECORD.cuts),
			resent: this.#sum(RECORD.resent),
			refused: this.#sum(RECORD.refused),
			tracks: this.#tracks.map((_, track) => this.#readTrack(track)),
		};
	}

	/** What was sent so far of one track; undefined where it is not taken or nothing was sent yet. */
	track(number: number): TrackStats | undefined {
		return this.#last ? this.#last.tracks[number] : this.#readTrack(number);
	}

	#readTrack(track: number): TrackStats | undefined {
		const { counters, words } = this.#host.memory;
		const leg = this.#legs.find((one) => one.tracks.has(track));
		if (!leg) return undefined;
		const at = leg.record + RECORD.tracks + track * TRACK_BYTES;
		if (words[(at + TRACK.sent) >> 2] === 0) return undefined;
		return {
			packets: counters[(at + TRACK.packets) >> 3]!,
			octets: counters[(at + TRACK.octets) >> 3]!,
			lastSequence: words[(at + TRACK.lastSequence) >> 2]!,
			lastTimestamp: words[(at + TRACK.lastTimestamp) >> 2]!,
		};
	}

	/** Ends it. The keys are erased and all memory is given back. */
	leave(): void {
		if (this.#last) return;
		this.#last = this.#read();
		for (const { record } of this.#legs) {
			this.#channel.post((command) => command.set([DO_LEAVE, 0, record]));
			this.#host.records.leave(record);
		}
		this.#stream.left(this, this.#channel);
	}
}

function checkKeys(kind: number, key: Uint8Array, salt: Uint8Array, authKey: Uint8Array): void {
	const gcm = kind === PROTECTION_GCM;
	const right = key.length === 16 && salt.length === (gcm ? 12 : 14) && authKey.length === (gcm ? 0 : 20);
	if (!right) throw new RangeError(`SRTP keys of ${key.length}, ${salt.length} and ${authKey.length} bytes`);
}
