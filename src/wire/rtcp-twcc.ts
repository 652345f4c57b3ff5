import { distance16, type Millis } from "../media/time.ts";

/**
 * Feedback for transport-wide congestion control, draft-holmer-rmcat-transport-wide-cc-extensions-01: notes when each
 * packet arrived, and now and then makes a packet of it. Pure; time comes in.
 */

/** Packets that one feedback tells about; what is older than that is dropped. */
const WINDOW = 1_024;
const MASK = WINDOW - 1;
/** The reference time counts in 64 ms, deltas in 250 µs. */
const TICKS_PER_MS = 4;
const REFERENCE_TICKS = 256;
const MAX_RUN = 0x1fff;

const enumerated = { missing: 0, small: 1, large: 2 } as const;

export class TransportFeedback {
	/** Arrival times in ticks by sequence number modulo the window; NaN where nothing arrived. */
	readonly #arrivals = new Float64Array(WINDOW).fill(Number.NaN);
	#first = -1;
	#next = 0;
	#count = 0;

	/** Notes one packet by its transport-wide sequence number. Does not allocate. */
	packet(sequence: number, now: Millis): void {
		if (this.#first < 0) {
			this.#first = sequence;
			this.#next = sequence;
		}
		const ahead = distance16(sequence, this.#next);
		if (ahead >= WINDOW) {
			this.#arrivals.fill(Number.NaN);
			this.#first = sequence;
		} else if (ahead < 0 && distance16(sequence, this.#first) < 0) return;
		if (ahead >= 0) this.#next = (sequence + 1) & 0xffff;
		while (((this.#next - this.#first) & 0xffff) > WINDOW) {
			this.#arrivals[this.#first & MASK] = Number.NaN;
			this.#first = (this.#first + 1) & 0xffff;
		}
		this.#arrivals[sequence & MASK] = Math.round(now * TICKS_PER_MS);
	}

	/** The feedback since the last one, with the packets from there to the latest; undefined where none arrived. */
	take(sender: number, media: number): Uint8Array | undefined {
		const length = this.#first < 0 ? 0 : (this.#next - this.#first) & 0xffff;
		let skipped = 0;
		while (skipped < length && Number.isNaN(this.#at(skipped))) skipped++;
		if (skipped === length) return undefined;
		const base = (this.#first + skipped) & 0xffff;
		const packet = this.#write(sender, media, base, length - skipped, skipped);
		for (let index = 0; index < length; index++) this.#arrivals[(this.#first + index) & MASK] = Number.NaN;
		this.#first = this.#next;
		return packet;
	}

	#at(index: number): number {
		return this.#arrivals[(this.#first + index) & MASK]!;
	}

	#write(sender: number, media: number, base: number, length: number, offset: number): Uint8Array {
		const reference = Math.floor(this.#at(offset) / REFERENCE_TICKS);
		const symbols = new Uint8Array(length);
		const deltas = new Int16Array(length);
		let last = reference * REFERENCE_TICKS;
		let deltaBytes = 0;
		let told = length;
		for (let index = 0; index < length; index++) {
			const arrival = this.#at(offset + index);
			if (Number.isNaN(arrival)) continue;
			const delta = arrival - last;
			// A gap that 16 bits cannot hold (8 s) ends this feedback; what follows is dropped with it.
			if (delta > 32_767 || delta < -32_768) {
				told = index;
				break;
			}
			symbols[index] = delta >= 0 && delta <= 255 ? enumerated.small : enumerated.large;
			deltas[index] = delta;
			deltaBytes += symbols[index]!;
			last = arrival;
		}
		const chunks = chunksOf(symbols.subarray(0, told));
		const bytes = 20 + chunks.length * 2 + deltaBytes;
		const out = new Uint8Array((bytes + 3) & ~3);
		const view = new DataView(out.buffer);
		const padding = out.length - bytes;
		view.setUint8(0, 0x80 | 15 | (padding ? 0x20 : 0));
		view.setUint8(1, 205);
		view.setUint16(2, out.length / 4 - 1);
		view.setUint32(4, sender);
		view.setUint32(8, media);
		view.setUint16(12, base);
		view.setUint16(14, told);
		view.setUint32(16, ((reference & 0xffffff) << 8) | this.#count);
		this.#count = (this.#count + 1) & 0xff;
		let at = 20;
		for (const chunk of chunks) {
			view.setUint16(at, chunk);
			at += 2;
		}
		for (let index = 0; index < told; index++) {
			if (symbols[index] === enumerated.small) view.setUint8(at++, deltas[index]!);
			else if (symbols[index] === enumerated.large) {
				view.setInt16(at, deltas[index]!);
				at += 2;
			}
		}
		if (padding) out[out.length - 1] = padding;
		return out;
	}
}

/** Packet status chunks, section 3.1.3 and 3.1.4: runs of one symbol, or vectors of seven two-bit symbols. */
function chunksOf(symbols: Uint8Array): number[] {
	const chunks: number[] = [];
	for (let at = 0; at < symbols.length; ) {
		let run = 1;
		while (at + run < symbols.length && symbols[at + run] === symbols[at] && run < MAX_RUN) run++;
		if (run >= 7 || at + run === symbols.length) {
			chunks.push((symbols[at]! << 13) | run);
			at += run;
			continue;
		}
		let chunk = 0xc000;
		for (let slot = 0; slot < 7; slot++) chunk |= (symbols[at + slot] ?? 0) << (12 - 2 * slot);
		chunks.push(chunk);
		at += 7;
	}
	return chunks;
}
