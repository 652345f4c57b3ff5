import { machineMs } from "./clock.ts";
import type { Samples } from "./statistics.ts";
import { readStamp } from "./stream.ts";

/** What readers got since the last look. */
export interface Counts {
	packets: number;
	bytes: number;
	/** Complete pictures. */
	frames: number;
	/** Packets that were missing when a later one came, and have not come since. */
	lost: number;
}

const RTP_HEADER = 12;
/** Beyond this a jump of the sequence is not loss. */
const MAX_JUMP = 3000;

/** Follows the RTP packets of one reader: counts, loss and delay. Costs next to nothing per packet. */
export class PacketFollower {
	readonly counts: Counts = { packets: 0, bytes: 0, frames: 0, lost: 0 };
	/** Machine time at which the first complete key frame was there; −1 until then. */
	firstKeyAt = -1;
	readonly #delays: Samples | undefined;
	#next = -1;
	#timestamp = -1;
	#stamp = -1;
	#key = false;

	constructor(delays: Samples | undefined) {
		this.#delays = delays;
	}

	/** One RTP packet of `length` bytes at `at`. */
	packet(bytes: Buffer, at: number, length: number): void {
		if (length < RTP_HEADER) return;
		this.counts.packets++;
		this.counts.bytes += length;
		this.#count(bytes.readUInt16BE(at + 2));
		const timestamp = bytes.readUInt32BE(at + 4);
		const payload = at + RTP_HEADER;
		if (timestamp !== this.#timestamp) this.#begin(timestamp);
		if (this.#stamp < 0) this.#stamp = readStamp(bytes, payload, length - RTP_HEADER);
		if (this.firstKeyAt < 0) this.#key ||= startsKey(bytes, payload);
		if (bytes[at + 1]! & 0x80) this.#end();
	}

	#begin(timestamp: number): void {
		this.#timestamp = timestamp;
		this.#stamp = -1;
		this.#key = false;
	}

	#end(): void {
		this.counts.frames++;
		if (this.#key && this.firstKeyAt < 0) this.firstKeyAt = machineMs();
		if (this.#delays && this.#stamp >= 0) this.#delays.add(machineMs() - this.#stamp);
	}

	#count(sequence: number): void {
		if (this.#next >= 0) {
			const jump = (sequence - this.#next) & 0xffff;
			if (jump > 0x8000) {
				// One that had been missed has come after all.
				this.counts.lost--;
				return;
			}
			if (jump < MAX_JUMP) this.counts.lost += jump;
		}
		this.#next = (sequence + 1) & 0xffff;
	}
}

/** Whether an H.264 payload begins a key frame: IDR, or the first fragment of one. */
function startsKey(bytes: Buffer, at: number): boolean {
	const type = bytes[at]! & 31;
	return type === 5 || (type === 28 && (bytes[at + 1]! & 0x9f) === 0x85);
}

/** Adds up the counts. */
export function total(followers: readonly PacketFollower[]): Counts {
	const sum: Counts = { packets: 0, bytes: 0, frames: 0, lost: 0 };
	for (const { counts } of followers) {
		sum.packets += counts.packets;
		sum.bytes += counts.bytes;
		sum.frames += counts.frames;
		sum.lost += counts.lost;
	}
	return sum;
}
