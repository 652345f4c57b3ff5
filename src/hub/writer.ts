import type { Track } from "../media/track.ts";
import { FLAG_FIRST, FLAG_KEY, FLAG_LAST, type PacketRing, RTP_HEADER_BYTES, setFlag } from "../net/ring.ts";
import { writeRtpHeader } from "../wire/rtp.ts";

/**
 * Writes the packets of one track into the ring, with the source, the sequence numbers and the timestamps that all
 * readers of the stream see. They run on for as long as the stream lives, whoever publishes.
 */
export class TrackWriter {
	readonly ssrc: number;
	/** Packets that found no memory. */
	refused = 0;
	/** Number of the first packet of the present access unit, or −1 before the first. */
	unit = -1;
	readonly #ring: PacketRing;
	readonly #index: number;
	readonly #payloadType: number;
	#sequence: number;
	#flags = 0;

	constructor(ring: PacketRing, index: number, track: Track, ssrc: number, sequence: number) {
		this.#ring = ring;
		this.#index = index;
		this.#payloadType = track.payloadType;
		this.ssrc = ssrc;
		this.#sequence = sequence;
	}

	/** The extended sequence number of the next packet. */
	get sequence(): number {
		return this.#sequence;
	}

	/** The next packet is the first of an access unit. */
	startUnit(): void {
		this.unit = this.#ring.head;
		this.#flags = FLAG_FIRST;
	}

	/** Decoding can start at the present access unit. */
	markKey(): void {
		if (this.unit === this.#ring.head) this.#flags |= FLAG_KEY;
		else setFlag(this.#ring, this.unit, FLAG_KEY);
	}

	/** Lets readers see that `count` packets are missing. */
	skip(count: number): void {
		this.#sequence = (this.#sequence + count) >>> 0;
	}

	/** Writes a packet with the `length` payload bytes at `at`. */
	put(bytes: Uint8Array, at: number, length: number, last: boolean, timestamp: number, now: number): void {
		const to = this.#open(length, last, timestamp);
		if (to < 0) return;
		(bytes as Buffer).copy(this.#ring.pool.bytes, to, at, at + length);
		this.#close(length, last, timestamp, now);
	}

	/** The same with up to three bytes before the payload: the header of a fragment. `head` counts them. */
	putFragment(
		head: number,
		first: number,
		second: number,
		third: number,
		bytes: Uint8Array,
		at: number,
		length: number,
		last: boolean,
		timestamp: number,
		now: number,
	): void {
		const to = this.#open(head + length, last, timestamp);
		if (to < 0) return;
		const pool = this.#ring.pool.bytes;
		pool[to] = first;
		pool[to + 1] = second;
		if (head > 2) pool[to + 2] = third;
		(bytes as Buffer).copy(pool, to + head, at, at + length);
		this.#close(head + length, last, timestamp, now);
	}

	#open(length: number, last: boolean, timestamp: number): number {
		const at = this.#ring.reserve(RTP_HEADER_BYTES + length);
		if (at < 0) {
			this.refused++;
			return -1;
		}
		writeRtpHeader(this.#ring.pool.bytes, at, this.#payloadType, last, this.#sequence, timestamp, this.ssrc);
		return at + RTP_HEADER_BYTES;
	}

	#close(length: number, last: boolean, timestamp: number, now: number): void {
		const flags = last ? this.#flags | FLAG_LAST : this.#flags;
		this.#ring.commit(RTP_HEADER_BYTES + length, this.#index, flags, this.#sequence, timestamp, now);
		this.#sequence = (this.#sequence + 1) >>> 0;
		this.#flags = 0;
	}
}
