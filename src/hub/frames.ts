import type { Frame } from "../media/frame.ts";
import type { Track } from "../media/track.ts";
import {
	ENTRY_INFO,
	ENTRY_OFFSET,
	ENTRY_SEQUENCE,
	ENTRY_TIMESTAMP,
	FLAG_FIRST,
	FLAG_KEY,
	FLAG_LAST,
	type PacketRing,
	RTP_HEADER_BYTES,
} from "../net/ring.ts";
import { type Depayload, depayloadOf } from "../wire/depayload.ts";
import { TimestampUnwrapper } from "../wire/rtp.ts";

/** Samples of one AAC access unit (ISO/IEC 14496-3). */
const AAC_SAMPLES = 1024;

/** Puts one track's packets together to frames. */
class Assembler {
	readonly #index: number;
	readonly #track: Track;
	readonly #depayload: Depayload;
	readonly #unwrap = new TimestampUnwrapper();
	readonly #payloads: Uint8Array[] = [];
	#sequence = -1;
	#key = false;
	#whole = false;

	constructor(index: number, track: Track, depayload: Depayload) {
		this.#index = index;
		this.#track = track;
		this.#depayload = depayload;
	}

	packet(ring: PacketRing, number: number, emit: (frame: Frame) => void): void {
		const words = ring.pool.words;
		const entry = ring.entry(number);
		const info = words[entry + ENTRY_INFO]!;
		const flags = info >>> 24;
		const sequence = words[entry + ENTRY_SEQUENCE]!;
		if (flags & FLAG_FIRST) this.#start((flags & FLAG_KEY) !== 0 || this.#track.kind !== "video");
		else if (sequence !== this.#sequence) this.#whole = false;
		this.#sequence = (sequence + 1) >>> 0;
		const at = words[entry + ENTRY_OFFSET]!;
		this.#payloads.push(Buffer.from(ring.pool.bytes.subarray(at + RTP_HEADER_BYTES, at + (info & 0xffff))));
		if (flags & FLAG_LAST) this.#finish(words[entry + ENTRY_TIMESTAMP]!, emit);
	}

	#start(key: boolean): void {
		this.#payloads.length = 0;
		this.#whole = true;
		this.#key = key;
	}

	#finish(timestamp: number, emit: (frame: Frame) => void): void {
		const units = this.#whole ? this.#depayload(this.#payloads) : undefined;
		this.#whole = false;
		this.#payloads.length = 0;
		const pts = this.#unwrap.next(timestamp);
		if (!units || units.length === 0) return;
		const { codec } = this.#track;
		const blocks = codec === "aac" ? units.map((unit) => [unit]) : [units];
		for (const [i, block] of blocks.entries()) {
			emit({ track: this.#index, pts: pts + i * AAC_SAMPLES, key: this.#key, units: block });
		}
	}
}

/** Derives the frame lane from the packet lane: reads packets by number and gives frames. */
export class FrameReader {
	readonly #ring: PacketRing;
	readonly #assemblers: readonly (Assembler | undefined)[];

	/** Of one track only where `only` names it. */
	constructor(ring: PacketRing, tracks: readonly Track[], only = -1) {
		this.#ring = ring;
		this.#assemblers = tracks.map((track, index) => {
			const depayload = only < 0 || only === index ? depayloadOf(track.codec) : undefined;
			return depayload && new Assembler(index, track, depayload);
		});
	}

	/** Reads packets `from` up to `to` and calls `emit` with each frame that becomes whole. */
	read(from: number, to: number, emit: (frame: Frame) => void): void {
		const ring = this.#ring;
		for (let number = Math.max(from, ring.tail); number < to; number++) {
			const track = (ring.pool.words[ring.entry(number) + ENTRY_INFO]! >>> 16) & 0xff;
			this.#assemblers[track]?.packet(ring, number, emit);
		}
	}
}
