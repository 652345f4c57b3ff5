import {
	ENTRY_ARRIVAL,
	ENTRY_INFO,
	ENTRY_NUMBER,
	ENTRY_OFFSET,
	ENTRY_SEQUENCE,
	ENTRY_TIMESTAMP,
	ENTRY_WORDS,
	FLAG_KEY,
	RTP_HEADER_BYTES,
} from "../ring.ts";
import type { Destination } from "./destination.ts";
import { MAX_SEGMENT, MAX_TRACKS } from "./layout.ts";
import type { Memory } from "./memory.ts";

/** Most packets that go to one destination at once; a larger unit leaves in steps, so that no receive buffer overflows. */
export const STEP_PACKETS = 48;
/** Most bytes of one step: it must find room in an empty arena. */
const STEP_BYTES = 256 * 1024;
/** Most bytes of one GSO message. */
const GROUP_BYTES = 60_000;

/** What a thread knows of a stream's ring: the newest command said so. */
export class RingView {
	readonly memory: Memory;
	/** When the thread began: what it could not have sent earlier is not older than that. */
	readonly #began: number;
	/** Packets below this number are complete. */
	to = 0;
	/** The oldest packet that is kept. */
	tail = 0;
	capacity = 0;
	/** Decoding does not start at every packet of this stream. */
	hasKeys = false;
	/** The tracks that key frames were seen on. */
	keyed = 0;
	#table = 0;

	constructor(memory: Memory, began: number) {
		this.memory = memory;
		this.#began = began;
	}

	/** Takes over where the table is. Throws nothing: a table outside the memory is no table, and all is lost in it. */
	update(table: number, capacity: number): void {
		const fits = table + capacity * ENTRY_WORDS * 4 <= this.memory.bytes.length;
		this.#table = fits ? table >>> 2 : 0;
		this.capacity = fits ? capacity : 0;
	}

	/** Index of the first word of a packet's entry, or −1 where the packet is not there any more. */
	entry(number: number): number {
		if (this.capacity === 0) return -1;
		const at = this.#table + (number & (this.capacity - 1)) * ENTRY_WORDS;
		return this.memory.words[at + ENTRY_NUMBER] === number >>> 0 ? at : -1;
	}

	/** Milliseconds since packet `number` arrived; a packet that is gone is infinitely old. */
	age(number: number, now: number): number {
		const at = this.entry(number);
		return at < 0 ? Number.POSITIVE_INFINITY : this.#ageAt(at, now);
	}

	#ageAt(at: number, now: number): number {
		return Math.min((now - this.memory.words[at + ENTRY_ARRIVAL]!) | 0, now - this.#began);
	}

	/**
	 * The first packet from `from` on where a reader of the tracks in `mask` may go on and that is younger than `limitMs`,
	 * or −1: a key frame of a track it takes, else of any; any packet where the stream has no key frames.
	 */
	key(from: number, mask: number, limitMs: number, now: number): number {
		const { words } = this.memory;
		const wanted = this.keyed & mask ? this.keyed & mask : -1;
		for (let number = Math.max(from, this.tail); number < this.to; number++) {
			const at = this.entry(number);
			if (at < 0 || this.#ageAt(at, now) > limitMs) continue;
			const info = words[at + ENTRY_INFO]!;
			const track = (info >>> 16) & 0xff;
			if (!this.hasKeys) return number;
			if ((info >>> 24) & FLAG_KEY && track < MAX_TRACKS && (wanted >>> track) & 1) return number;
		}
		return -1;
	}

	/** How many packets of the tracks in `mask` there are from `from` to below `to`. */
	count(from: number, to: number, mask: number): number {
		let count = 0;
		for (let number = from; number < to; number++) {
			const at = this.entry(number);
			const track = at < 0 ? 0 : (this.memory.words[at + ENTRY_INFO]! >>> 16) & 0xff;
			if (track < MAX_TRACKS && (mask >>> track) & 1) count++;
		}
		return count;
	}

	/** Number of the packet of `track` with the extended sequence number `sequence`, or −1. */
	find(track: number, sequence: number): number {
		const { words } = this.memory;
		let low = this.tail;
		let high = this.to;
		while (low < high) {
			const middle = Math.floor((low + high - 1) / 2);
			let number = middle;
			let at = this.entry(number);
			while (number >= low && (at < 0 || ((words[at + ENTRY_INFO]! >>> 16) & 0xff) !== track))
				at = this.entry(--number);
			const ahead = number < low ? -1 : (words[at + ENTRY_SEQUENCE]! - sequence) | 0;
			if (number >= low && ahead === 0) return number;
			if (ahead < 0) low = middle + 1;
			else high = number;
		}
		return -1;
	}
}

/**
 * The next packets of a stream, read from its ring once for all destinations that get the same ones, and grouped: a
 * group is what one GSO message holds, packets of one size, of which the last may be smaller.
 */
export class Slice {
	count = 0;
	/** The packet after the last one that was looked at. */
	next = 0;
	/** An entry was not there any more, or not sane. */
	broken = false;
	/** Bytes of all packets with tags. */
	bytes = 0;
	readonly offset = new Uint32Array(STEP_PACKETS);
	readonly length = new Int32Array(STEP_PACKETS);
	readonly track = new Uint8Array(STEP_PACKETS);
	readonly sequence = new Uint32Array(STEP_PACKETS);
	readonly timestamp = new Uint32Array(STEP_PACKETS);
	readonly number = new Float64Array(STEP_PACKETS);
	groups = 0;
	readonly groupCount = new Int32Array(STEP_PACKETS);
	/** Bytes of a group's packets without tags. */
	readonly groupBytes = new Int32Array(STEP_PACKETS);
	/** Size of the group's packets with tag. */
	readonly groupSegment = new Int32Array(STEP_PACKETS);
	/** The tracks that are in it, and what of each. */
	tracks = 0;
	readonly trackList = new Uint8Array(MAX_TRACKS);
	readonly trackPackets = new Int32Array(MAX_TRACKS);
	readonly trackOctets = new Int32Array(MAX_TRACKS);
	/** Positions of its first and last packet in the slice. */
	readonly trackFirst = new Int32Array(MAX_TRACKS);
	readonly trackLast = new Int32Array(MAX_TRACKS);
	/** Changes with every `read`: what was derived from the last content is out of date. */
	version = 0;

	/**
	 * Reads packets from `from` to below `to`, at most a step of them.
	 * @param mask bit per track that is wanted
	 * @param tag bytes that protection adds to each packet
	 * @param most packets in one group: 1 where GSO is not to be used
	 * @param only where given, packets that this destination may not get again are left out
	 */
	read(ring: RingView, from: number, to: number, mask: number, tag: number, most: number, only?: Destination): void {
		const { words, bytes } = ring.memory;
		const total = bytes.length;
		this.#clear();
		let number = from;
		for (; number < to && this.count < STEP_PACKETS && this.bytes < STEP_BYTES; number++) {
			const at = ring.entry(number);
			if (at < 0) {
				this.broken = true;
				break;
			}
			const info = words[at + ENTRY_INFO]!;
			const track = (info >>> 16) & 0xff;
			if (track >= MAX_TRACKS) continue;
			if ((info >>> 24) & FLAG_KEY) ring.keyed |= 1 << track;
			if (((mask >>> track) & 1) === 0) continue;
			const length = info & 0xffff;
			const offset = words[at + ENTRY_OFFSET]!;
			if (length < RTP_HEADER_BYTES || offset + length > total) {
				this.broken = true;
				break;
			}
			const sequence = words[at + ENTRY_SEQUENCE]!;
			if (only && !only.mayRepeat(track, sequence)) continue;
			this.#add(number, offset, length, track, sequence, words[at + ENTRY_TIMESTAMP]!);
			this.#group(length, tag, most);
		}
		this.next = number;
	}

	#clear(): void {
		for (let i = 0; i < this.tracks; i++) {
			const track = this.trackList[i]!;
			this.trackPackets[track] = 0;
			this.trackOctets[track] = 0;
		}
		this.tracks = this.count = this.groups = this.bytes = 0;
		this.broken = false;
		this.version++;
	}

	#add(number: number, offset: number, length: number, track: number, sequence: number, timestamp: number): void {
		const at = this.count++;
		this.number[at] = number;
		this.offset[at] = offset;
		this.length[at] = length;
		this.track[at] = track;
		this.sequence[at] = sequence;
		this.timestamp[at] = timestamp;
		if (this.trackPackets[track] === 0) {
			this.trackList[this.tracks++] = track;
			this.trackFirst[track] = at;
		}
		this.trackPackets[track]!++;
		this.trackOctets[track]! += length - RTP_HEADER_BYTES;
		this.trackLast[track] = at;
	}

	#group(length: number, tag: number, most: number): void {
		const size = length + tag;
		this.bytes += size;
		const last = this.groups - 1;
		if (
			last >= 0 &&
			size <= this.groupSegment[last]! &&
			this.groupCount[last]! < most &&
			// Every packet before this one has the full size.
			this.groupBytes[last]! === this.groupCount[last]! * (this.groupSegment[last]! - tag) &&
			this.groupBytes[last]! + this.groupCount[last]! * tag + size <= GROUP_BYTES
		) {
			this.groupCount[last]!++;
			this.groupBytes[last]! += length;
			return;
		}
		this.groupCount[this.groups] = 1;
		this.groupBytes[this.groups] = length;
		// A size without a control message cannot be segmented: the group stays alone.
		this.groupSegment[this.groups] = size <= MAX_SEGMENT ? size : 0;
		this.groups++;
	}
}
