import { encodeSocketAddress } from "../socket-address.ts";
import type { UdpSocket } from "../udp.ts";
import type { Channel } from "./channel.ts";
import type { DeliveryStats, JoinOptions, TrackOptions, TrackStats } from "./join.ts";
import {
	DO_ADDRESS,
	DO_JOIN,
	DO_LEAVE,
	DO_REPLAY,
	DO_RESEND,
	FLAG_REWRITE,
	FLAG_SQUEEZE,
	NO_RTX,
	PROTECTION_CM,
	PROTECTION_GCM,
	PROTECTION_NONE,
	RECORD,
	RESEND_MAX,
	TRACK,
	TRACK_BYTES,
} from "./layout.ts";
import type { SenderStream, StreamHost } from "./stream.ts";

/** A browser takes low numbers for a stream's start, and a wrap among the first packets loses its roll-over counter. */
const FIRST_SEQUENCE = 1000;
/** A viewer that asks for a key frame gets the join point again; not more often than this. */
const REPLAY_MS = 300;
/** Most packets that are sent again at once, and for how long: a destination that asks for everything gets no more. */
const RESEND_BURST = 512;
const RESENDS_PER_MS = 1;

/**
 * Sequence numbers that are left out where another thread goes on: what the failed one had encrypted and not yet
 * counted used some, and no cipher forgives a second packet under the same number.
 */
const REVIVAL_GAP = 1024;

interface Leg {
	record: number;
	socket: UdpSocket;
	address: string;
	port: number;
	readonly tracks: Set<number>;
}

/** One address (or one for each track) that a stream is sent to. */
export class Delivery {
	readonly #stream: SenderStream;
	readonly #host: StreamHost;
	readonly #options: JoinOptions;
	#channel: Channel;
	readonly #tracks: readonly (TrackOptions | null)[];
	/** Records: one, or one for each port and socket that tracks go by. */
	readonly #legs: Leg[] = [];
	#from: number;
	#replayed = Number.NEGATIVE_INFINITY;
	/** Packets that may be sent again, as of `creditAt`. */
	#credit = RESEND_BURST;
	#creditAt = 0;
	#last: DeliveryStats | undefined;

	constructor(stream: SenderStream, host: StreamHost, channel: Channel, options: JoinOptions) {
		this.#stream = stream;
		this.#host = host;
		this.#options = options;
		this.#channel = channel;
		this.#tracks = options.tracks;
		this.#from = Math.min(Math.max(options.from, stream.ring.tail), stream.to);
		options.tracks.forEach((track, number) => {
			if (track) this.#leg(track.socket ?? options.socket, track.port ?? options.port).add(number);
		});
		try {
			for (const leg of this.#legs) leg.record = this.#write(leg);
		} catch (error) {
			for (const { record } of this.#legs) if (record >= 0) host.records.give(record);
			throw error;
		}
	}

	#leg(socket: UdpSocket, port: number): Set<number> {
		let leg = this.#legs.find((one) => one.socket === socket && one.port === port);
		if (!leg) {
			leg = { record: -1, socket, address: this.#options.address, port, tracks: new Set() };
			this.#legs.push(leg);
		}
		return leg.tracks;
	}

	/** Who serves it. */
	get channel(): Channel {
		return this.#channel;
	}

	/** Another channel goes on, at the live edge: the one that served it has failed. */
	revive(channel: Channel): void {
		const failed = this.#channel;
		this.#channel = channel;
		this.#from = this.#stream.to;
		for (const leg of this.#legs) {
			const old = leg.record;
			leg.record = this.#write(leg, old);
			this.#host.records.leave(old, failed);
		}
		this.start();
	}

	/** Writes the record of a leg, as what goes on after record `old` where one is given; returns where it is. */
	#write(leg: Leg, old = -1): number {
		const socket = this.#host.socket(leg.socket);
		const name = encodeSocketAddress(leg.address, leg.port);
		const record = this.#channel.announce(socket) ? this.#host.records.take() : -1;
		if (record < 0) throw new RangeError("no media memory left for another destination");
		const { bytes, words } = this.#host.memory;
		const options = this.#options;
		const { protection } = options;
		words[(record + RECORD.nameBytes) >> 2] = name.length;
		bytes.set(name, record + RECORD.name);
		words[(record + RECORD.socket) >> 2] = socket.number;
		const squeeze = !protection && old < 0;
		// Kept numbers would begin with roll-over counter 0 again.
		const rewrite = options.rewrite || (protection && old >= 0);
		words[(record + RECORD.flags) >> 2] = (rewrite ? FLAG_REWRITE : 0) | (squeeze ? FLAG_SQUEEZE : 0);
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
		if (old >= 0) this.#continue(record, old, leg.tracks);
		return record;
	}

	/** What was counted in record `old` stays, and numbers that were used for a cipher are not used again. */
	#continue(record: number, old: number, tracks: ReadonlySet<number>): void {
		const { counters, words } = this.#host.memory;
		for (let at = RECORD.packets; at <= RECORD.refused; at += 8)
			counters[(record + at) >> 3] = counters[(old + at) >> 3]!;
		for (const track of tracks) {
			const offset = RECORD.tracks + track * TRACK_BYTES;
			const [to, from] = [record + offset, old + offset];
			for (const at of [TRACK.packets, TRACK.octets]) counters[(to + at) >> 3] = counters[(from + at) >> 3]!;
			for (const at of [TRACK.lastSequence, TRACK.lastTimestamp, TRACK.sent]) {
				words[(to + at) >> 2] = words[(from + at) >> 2]!;
			}
			words[(to + TRACK.rtxFirst) >> 2] = words[(from + TRACK.rtxFirst) >> 2]! + REVIVAL_GAP;
			if (words[(from + TRACK.sent) >> 2] === 0) continue;
			words[(to + TRACK.firstSequence) >> 2] = words[(from + TRACK.lastSequence) >> 2]! + REVIVAL_GAP;
		}
	}

	#writeTrack(record: number, number: number): void {
		const track = this.#tracks[number];
		if (!track) return;
		const { words } = this.#host.memory;
		const at = record + RECORD.tracks + number * TRACK_BYTES;
		words[(at + TRACK.taken) >> 2] = 1;
		words[(at + TRACK.payloadType) >> 2] = track.payloadType & 0x7f;
		words[(at + TRACK.ssrc) >> 2] = track.ssrc;
		words[(at + TRACK.edge) >> 2] = track.squeeze?.edge ?? 0;
		words[(at + TRACK.factor) >> 2] = track.squeeze?.factor ?? 0;
		words[(at + TRACK.rtxPayloadType) >> 2] = track.rtx ? track.rtx.payloadType & 0x7f : NO_RTX;
		words[(at + TRACK.rtxSsrc) >> 2] = track.rtx?.ssrc ?? 0;
		words[(at + TRACK.rtxFirst) >> 2] = (track.rtx?.firstSequence ?? track.firstSequence ?? FIRST_SEQUENCE) & 0xffff;
		words[(at + TRACK.firstSequence) >> 2] = (track.firstSequence ?? FIRST_SEQUENCE) & 0xffff;
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
		for (const leg of this.#legs) {
			if (track !== undefined && !leg.tracks.has(track)) continue;
			Object.assign(leg, { address, port, socket });
			const { record } = leg;
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
			lastSequence: words[(at + TRACK.lastSequence) >> 2]! & 0xffff,
			lastTimestamp: words[(at + TRACK.lastTimestamp) >> 2]!,
		};
	}

	/** Ends it. The keys are erased and all memory is given back. */
	leave(): void {
		if (this.#last) return;
		this.#last = this.#read();
		for (const { record } of this.#legs) {
			this.#channel.post((command) => command.set([DO_LEAVE, 0, record]));
			this.#host.records.leave(record, this.#channel);
		}
		this.#stream.left(this, this.#channel);
	}
}

function checkKeys(kind: number, key: Uint8Array, salt: Uint8Array, authKey: Uint8Array): void {
	const gcm = kind === PROTECTION_GCM;
	const right = key.length === 16 && salt.length === (gcm ? 12 : 14) && authKey.length === (gcm ? 0 : 20);
	if (!right) throw new RangeError(`SRTP keys of ${key.length}, ${salt.length} and ${authKey.length} bytes`);
}
