import type { Stream } from "../../hub/stream.ts";
import { distance32 } from "../../media/time.ts";
import { ENTRY_INFO, ENTRY_SEQUENCE, ENTRY_TIMESTAMP } from "../../net/ring.ts";

/** How much time the timestamps of a burst span towards the reader. */
const PRESSED_MS = 40;

interface Pressed {
	/** Lower 16 bits are the sequence number of the first packet. */
	sequence: number;
	earliest: number;
	latest: number;
	/** Ticks towards the reader per tick of the stream; 1 at most. */
	scale: number;
}

/**
 * The timestamps of the burst with which a reader joins, pressed together to end at the live edge: players keep the age
 * of what they get first as their delay for ever. Sound is left out of the burst where there are pictures: it cannot be
 * played faster, and players wait for it.
 */
export class Press {
	readonly #pressed: (Pressed | undefined)[];

	/** The burst is what the ring holds of `tracks` from packet `from` up to, without, packet `end`. */
	constructor(stream: Stream, tracks: readonly number[], from: number, end: number) {
		const pictures = tracks.some((track) => stream.tracks[track]?.kind === "video");
		const taken = stream.tracks.map((one, track) => tracks.includes(track) && !(pictures && one.kind === "audio"));
		this.#pressed = stream.tracks.map(() => undefined);
		const { words } = stream.ring.pool;
		for (let number = from; number < end; number++) {
			const entry = stream.ring.entry(number);
			const track = (words[entry + ENTRY_INFO]! >>> 16) & 0xff;
			if (taken[track]) this.#note(track, words[entry + ENTRY_SEQUENCE]!, words[entry + ENTRY_TIMESTAMP]!);
		}
		for (const [track, one] of this.#pressed.entries()) {
			if (!one) continue;
			const span = distance32(one.latest, one.earliest);
			one.scale = Math.min(1, (PRESSED_MS * stream.tracks[track]!.clockRate) / 1000 / Math.max(1, span));
		}
	}

	/** Whether packets of this track are in the burst. */
	takes(track: number): boolean {
		return this.#pressed[track] !== undefined;
	}

	/** What a timestamp of the burst is towards the reader. */
	timestamp(track: number, timestamp: number): number {
		const one = this.#pressed[track];
		if (!one) return timestamp;
		return (one.latest - Math.round(distance32(one.latest, timestamp) * one.scale)) >>> 0;
	}

	/** Sequence number of the track's first packet and the timestamp it begins with; undefined where none is in the burst. */
	first(track: number): { readonly sequence: number; readonly timestamp: number } | undefined {
		const one = this.#pressed[track];
		return one && { sequence: one.sequence & 0xffff, timestamp: this.timestamp(track, one.earliest) };
	}

	#note(track: number, sequence: number, timestamp: number): void {
		const one = this.#pressed[track];
		if (!one) this.#pressed[track] = { sequence, earliest: timestamp, latest: timestamp, scale: 1 };
		else if (distance32(timestamp, one.latest) > 0) one.latest = timestamp;
		else if (distance32(timestamp, one.earliest) < 0) one.earliest = timestamp;
	}
}
