import { machineMs } from "./clock.ts";
import type { Gaps } from "./gaps.ts";
import type { Samples } from "./statistics.ts";
import { readStamp } from "./stream.ts";

/** What readers got since the last look. */
export interface Counts {
	packets: number;
	bytes: number;
	/** Pictures whose last packet came. */
	frames: number;
	/** Packets that never came. */
	lost: number;
	/** Packets that came when they were asked for again. */
	repaired: number;
}

/** What a follower of packets is for, beyond counting. */
export interface FollowerOptions {
	/** Gets the delay of each picture. */
	readonly delays?: Samples;
	/** Gets to know what is missing. */
	readonly gaps?: Gaps;
	/** Makes the payload of an encrypted packet readable where it lies; gives its length, or −1. */
	readonly open?: (bytes: Buffer, at: number, length: number) => number;
}

const RTP_HEADER = 12;
/** Beyond this a jump of the sequence is not loss. */
const MAX_JUMP = 3000;

/** Follows the RTP packets of one reader: counts, loss and delay. Costs next to nothing per packet. */
export class PacketFollower {
	readonly counts: Counts = { packets: 0, bytes: 0, frames: 0, lost: 0, repaired: 0 };
	/** Machine time at which the first complete key frame was there; −1 until then. */
	firstKeyAt = -1;
	/** The highest sequence number so far, and the stream's source. */
	highest = -1;
	source = 0;
	readonly #options: FollowerOptions;
	#timestamp = -1;
	#stamp = -1;
	#key = false;

	constructor(options: FollowerOptions) {
		this.#options = options;
	}

	/** One RTP packet of `length` bytes at `at`, its payload perhaps encrypted. */
	packet(bytes: Buffer, at: number, length: number): void {
		if (length < RTP_HEADER) return;
		this.counts.packets++;
		this.counts.bytes += length;
		this.#count(bytes.readUInt16BE(at + 2));
		this.source = bytes.readUInt32BE(at + 8);
		const timestamp = bytes.readUInt32BE(at + 4);
		const last = (bytes[at + 1]! & 0x80) !== 0;
		if (timestamp !== this.#timestamp) this.#begin(timestamp);
		if ((this.#options.delays && this.#stamp < 0) || this.firstKeyAt < 0) this.#look(bytes, at, length);
		if (last) this.#end();
	}

	#begin(timestamp: number): void {
		this.#timestamp = timestamp;
		this.#stamp = -1;
		this.#key = false;
	}

	#look(bytes: Buffer, at: number, sealed: number): void {
		const { open } = this.#options;
		const length = open ? open(bytes, at, sealed) : sealed;
		if (length < 0) return;
		const payload = at + RTP_HEADER;
		if (this.#stamp < 0) this.#stamp = readStamp(bytes, payload, length - RTP_HEADER);
		this.#key ||= startsKey(bytes, payload);
	}

	#end(): void {
		this.counts.frames++;
		if (this.#key && this.firstKeyAt < 0) this.firstKeyAt = machineMs();
		if (this.#stamp >= 0) this.#options.delays?.add(machineMs() - this.#stamp);
	}

	#count(sequence: number): void {
		const jump = this.highest < 0 ? 0 : (sequence - this.highest - 1) & 0xffff;
		if (jump >= 0x8000) {
			this.#late(sequence);
			return;
		}
		if (jump > 0 && jump < MAX_JUMP) this.#miss((this.highest + 1) & 0xffff, jump);
		this.highest = sequence;
	}

	#miss(sequence: number, count: number): void {
		const { gaps } = this.#options;
		if (gaps) gaps.open(sequence, count, machineMs());
		else this.counts.lost += count;
	}

	#late(sequence: number): void {
		const { gaps } = this.#options;
		if (gaps) gaps.fill(sequence);
		else this.counts.lost--;
	}
}

/** Whether an H.264 payload begins a key frame: IDR, or the first fragment of one. */
function startsKey(bytes: Buffer, at: number): boolean {
	const type = bytes[at]! & 31;
	return type === 5 || (type === 28 && (bytes[at + 1]! & 0x9f) === 0x85);
}

const none: Counts = { packets: 0, bytes: 0, frames: 0, lost: 0, repaired: 0 };

/** Adds up the counts and begins anew. */
export function take(followers: readonly PacketFollower[]): Counts {
	const sum = { ...none };
	for (const { counts } of followers) {
		for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
		Object.assign(counts, none);
	}
	return sum;
}
