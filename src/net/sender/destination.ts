import type { Lane } from "./lane.ts";
import {
	FLAG_REWRITE,
	FLAG_SQUEEZE,
	MAX_TRACKS,
	NO_RTX,
	PROTECTION_CM,
	PROTECTION_GCM,
	RECORD,
	TRACK,
	TRACK_BYTES,
} from "./layout.ts";
import type { Memory } from "./memory.ts";
import type { Slice } from "./slice.ts";
import { pressTimestamp } from "./squeeze.ts";

/** What a sender does with a packet on its way to a destination. */
export const KIND_SHARED = 0;
const KIND_PLAIN = 1;
export const KIND_GCM = 2;
export const KIND_CM = 3;
export type Kind = 0 | 1 | 2 | 3;

/** Bytes that a kind adds to each packet (RFC 7714 section 12, RFC 3711 section 8.2). */
export const TAG_BYTES = [0, 0, 16, 10] as const;

/**
 * The IV of one RTP stream under SRTP, in shared memory: the salt with SSRC, roll-over counter and sequence number
 * mixed in. GCM: RFC 7714 section 8.1; counter mode: RFC 3711 section 4.1.1.
 */
export class Nonce {
	/** The roll-over counter: all 32 bits of it, also after the extended sequence number went round. */
	rollover = 0;
	readonly address: number;
	readonly #bytes: Uint8Array;
	readonly #at: number;
	readonly #salt: Uint8Array;
	readonly #sequence: number;
	#high = 0;

	constructor(memory: Memory, at: number, salt: Uint8Array, ssrc: number, gcm: boolean) {
		this.#bytes = memory.bytes;
		this.address = memory.address + at;
		this.#at = at;
		this.#salt = salt;
		this.#sequence = gcm ? 10 : 12;
		const first = gcm ? 2 : 4;
		for (let i = 0; i < 16; i++) this.#bytes[at + i] = salt[i] ?? 0;
		for (let i = 0; i < 4; i++) this.#bytes[at + first + i]! ^= ssrc >>> (24 - 8 * i);
	}

	/** Makes it the IV of the packet with the extended sequence number `index`. */
	set(index: number): void {
		const high = index >>> 16;
		if (high !== this.#high) this.#turn(high);
		const at = this.#at + this.#sequence;
		const sequence = this.#sequence;
		this.#bytes[at] = this.#salt[sequence]! ^ (index >>> 8);
		this.#bytes[at + 1] = this.#salt[sequence + 1]! ^ index;
	}

	#turn(high: number): void {
		this.rollover = (this.rollover + (((high - this.#high) << 16) >> 16)) >>> 0;
		this.#high = high;
		const first = this.#sequence - 4;
		for (let i = 0; i < 4; i++) {
			this.#bytes[this.#at + first + i] = this.#salt[first + i]! ^ (this.rollover >>> (24 - 8 * i));
		}
	}
}

/** One track on its way to one destination. */
export class TrackOut {
	readonly payloadType: number;
	readonly ssrc: number;
	readonly nonce: Nonce;
	readonly rtxPayloadType: number;
	readonly rtxSsrc: number;
	readonly rtxNonce: Nonce;
	/** Extended sequence number of the next retransmission. */
	#rtxNext: number;
	readonly #words: Uint32Array;
	/** Start of its part of the record, as an index of words and of counters. */
	readonly word: number;
	readonly counter: number;
	/** Where a burst's timestamps are pressed to; −1 where they stay. And how near. */
	readonly edge: number;
	readonly factor: number;
	/** The next packet decides what is taken from the stream's sequence numbers. */
	fresh = true;
	/** The number that the next packet gets where `fresh`; −1: it keeps its own. */
	next: number;
	/** What is taken from the stream's extended sequence numbers. */
	base = 0;
	/** The stream's extended sequence numbers of the first and last packet since then. */
	first = 0;
	last = 0;

	constructor(memory: Memory, record: number, track: number, flags: number, salt: Uint8Array, gcm: boolean) {
		const at = record + RECORD.tracks + track * TRACK_BYTES;
		const { words } = memory;
		this.word = at >> 2;
		this.counter = at >> 3;
		this.payloadType = words[(at + TRACK.payloadType) >> 2]!;
		this.ssrc = words[(at + TRACK.ssrc) >> 2]!;
		this.rtxPayloadType = words[(at + TRACK.rtxPayloadType) >> 2]!;
		this.rtxSsrc = words[(at + TRACK.rtxSsrc) >> 2]!;
		this.#words = words;
		this.#rtxNext = words[(at + TRACK.rtxFirst) >> 2]!;
		this.nonce = new Nonce(memory, at + TRACK.iv, salt, this.ssrc, gcm);
		this.rtxNonce = new Nonce(memory, at + TRACK.rtxIv, salt, this.rtxSsrc, gcm);
		this.next = flags & FLAG_REWRITE ? words[(at + TRACK.firstSequence) >> 2]! : -1;
		this.factor = words[(at + TRACK.factor) >> 2]!;
		this.edge = flags & FLAG_SQUEEZE && this.factor !== 0 ? words[(at + TRACK.edge) >> 2]! : -1;
	}

	get hasRtx(): boolean {
		return this.rtxPayloadType !== NO_RTX;
	}

	/** Takes the extended sequence number of a retransmission. The record always has the next one. */
	takeRtx(): number {
		const index = this.#rtxNext;
		this.#rtxNext = (index + 1) >>> 0;
		this.#words[this.word + TRACK.rtxFirst / 4] = this.#rtxNext;
		return index;
	}

	/** The destination's extended sequence number of the packet with the stream's number `sequence`. */
	index(sequence: number): number {
		if (this.fresh) this.#begin(sequence);
		return (sequence - this.base) >>> 0;
	}

	/** After packets were left out: the next one gets the number after the last one. */
	skip(): void {
		if (this.fresh) return;
		this.next = (this.last - this.base + 1) >>> 0;
		this.fresh = true;
	}

	#begin(sequence: number): void {
		// Kept numbers start with roll-over counter 0, as the other side takes it to (RFC 3711 section 3.3.1).
		this.base = (this.next < 0 ? sequence & 0xffff_0000 : sequence - this.next) >>> 0;
		this.first = sequence;
		this.last = sequence;
		this.fresh = false;
	}
}

/** One address that a thread sends to. Its record in shared memory belongs to the thread until it is set free. */
export class Destination {
	readonly record: number;
	readonly tracks: readonly (TrackOut | undefined)[];
	readonly mask: number;
	/** What is done to its packets; while they are squeezed, another thing. */
	kind: Kind;
	readonly protection: number;
	/** Packets below this number belong to its burst: their timestamps are squeezed, and their age does not count. */
	readonly burstEnd: number;
	readonly squeeze: boolean;
	/** GSO messages do not reach it. */
	single = false;
	/** Sender's handle of its cipher, 0 without one. */
	context = 0;
	/** Address and length of its `sockaddr`, the address as the lower half of a pointer. */
	readonly name: number;
	nameBytes: number;
	lane: Lane | undefined;
	gone = false;
	readonly #memory: Memory;
	readonly #counter: number;

	constructor(memory: Memory, record: number, burstEnd: number) {
		const { words } = memory;
		const word = record >> 2;
		const flags = words[word + RECORD.flags / 4]!;
		this.#memory = memory;
		this.#counter = record >> 3;
		this.record = record;
		this.burstEnd = burstEnd;
		this.squeeze = (flags & FLAG_SQUEEZE) !== 0;
		this.protection = words[word + RECORD.protection / 4]!;
		this.name = memory.low + record + RECORD.name;
		this.nameBytes = words[word + RECORD.nameBytes / 4]!;
		this.kind = kindOf(this.protection, flags);
		const gcm = this.protection === PROTECTION_GCM;
		const salt = memory.bytes.slice(record + RECORD.salt, record + RECORD.salt + (gcm ? 12 : 14));
		const padded = new Uint8Array(16);
		if (this.protection !== 0) padded.set(salt);
		const tracks: (TrackOut | undefined)[] = [];
		let mask = 0;
		for (let track = 0; track < MAX_TRACKS; track++) {
			const taken = words[(record + RECORD.tracks + track * TRACK_BYTES + TRACK.taken) >> 2] === 1;
			tracks.push(taken ? new TrackOut(memory, record, track, flags, padded, gcm) : undefined);
			if (taken) mask |= 1 << track;
		}
		this.tracks = tracks;
		this.mask = mask;
	}

	get socket(): number {
		return this.#memory.words[(this.record + RECORD.socket) >> 2]!;
	}

	/** Bytes that its protection adds to a packet. */
	get tag(): number {
		return TAG_BYTES[this.kind];
	}

	/** What is done to packet `number`: squeezed packets of an unchanged stream need headers of their own. */
	kindAt(number: number): Kind {
		return this.kind === KIND_SHARED && this.squeeze && number < this.burstEnd ? KIND_PLAIN : this.kind;
	}

	/** Whether a packet was sent under the numbers that are in use, so that it may be sent again. */
	mayRepeat(track: number, sequence: number): boolean {
		const out = this.tracks[track];
		return !!out && !out.fresh && ((sequence - out.first) | 0) >= 0 && ((out.last - sequence) | 0) >= 0;
	}

	/** Some packets are left out: the numbers of the next ones follow those of the last ones. */
	cut(): void {
		for (const track of this.tracks) track?.skip();
		if (this.kind === KIND_SHARED) this.kind = KIND_PLAIN;
		this.count(RECORD.cuts, 1);
	}

	count(counter: number, amount: number): void {
		this.#memory.counters[this.#counter + counter / 8]! += amount;
	}

	/** The system refused a message to it. */
	refuse(): void {
		this.count(RECORD.refused, 1);
	}

	/** Takes note of a slice that was handed to the socket. */
	account(slice: Slice, repeated: boolean): void {
		const { counters, words } = this.#memory;
		for (let i = 0; i < slice.tracks; i++) {
			const number = slice.trackList[i]!;
			const track = this.tracks[number]!;
			const octets = slice.trackOctets[number]!;
			const packets = slice.trackPackets[number]!;
			counters[track.counter + TRACK.packets / 8]! += packets;
			counters[track.counter + TRACK.octets / 8]! += octets;
			counters[this.#counter + RECORD.packets / 8]! += packets;
			counters[this.#counter + RECORD.octets / 8]! += octets;
			if (repeated) continue;
			const last = slice.trackLast[number]!;
			const sequence = slice.sequence[last]!;
			// Packets that leave as they are have not passed through `index`.
			if (track.fresh) track.index(slice.sequence[slice.trackFirst[number]!]!);
			const index = track.index(sequence);
			track.last = sequence;
			const squeezed = track.edge >= 0 && slice.number[last]! < this.burstEnd;
			words[track.word + TRACK.lastSequence / 4] = index;
			words[track.word + TRACK.lastTimestamp / 4] = squeezed
				? pressTimestamp(slice.timestamp[last]!, track.edge, track.factor)
				: slice.timestamp[last]!;
			words[track.word + TRACK.sent / 4] = 1;
		}
	}
}

function kindOf(protection: number, flags: number): Kind {
	if (protection === PROTECTION_GCM) return KIND_GCM;
	if (protection === PROTECTION_CM) return KIND_CM;
	return flags & FLAG_REWRITE ? KIND_PLAIN : KIND_SHARED;
}
