import type { Stream } from "../../hub/stream.ts";
import { distance32 } from "../../media/time.ts";
import { ENTRY_INFO, ENTRY_SEQUENCE, ENTRY_TIMESTAMP } from "../../net/ring.ts";

/** How much time the timestamps of a burst span towards the reader. */
const PRESSED_MS = 40;

/** What a timestamp becomes, for a track whose burst spans `earliest` to `latest` at `clockRate`. */
export type Pressing = (timestamp: number, latest: number, earliest: number, clockRate: number) => number;

/** To 40 ms, whatever it was. */
export const pressToFixedSpan: Pressing = (timestamp, latest, earliest, clockRate) => {
	const span = Math.max(1, distance32(latest, earliest));
	const scale = Math.min(1, (PRESSED_MS * clockRate) / 1000 / span);
	return (latest - Math.round(distance32(latest, timestamp) * scale)) >>> 0;
};

interface Pressed {
	/** Lower 16 bits are the sequence number of the first packet. */
	readonly sequence: number;
	readonly clockRate: number;
	earliest: number;
	latest: number;
}

/**
 * The timestamps of the burst with which a reader joins, pressed together to end at the live edge: players keep the age
 * of what they get first as their delay for ever. Sound is left out of the burst where there are pictures: it cannot be
 * played faster, and players wait for it.
 */
export class Press {
	readonly #pressed: (Pressed | undefined)[];
	readonly #pressing: Pressing;

	/** The burst is what the ring holds of `tracks` from packet `from` up to, without, packet `end`. */
	constructor(stream: Stream, tracks: readonly number[], from: number, end: number, pressing: Pressing) {
		this.#pressing = pressing;
		const pictures = tracks.some((track) => stream.tracks[track]?.kind === "video");
		const taken = stream.tracks.map((one, track) => tracks.includes(track) && !(pictures && one.kind === "audio"));
		this.#pressed = stream.tracks.map(() => undefined);
		const { words } = stream.ring.pool;
		for (let number = from; number < end; number++) {
			const entry = stream.ring.entry(number);
			const track = (words[entry + ENTRY_INFO]! >>> 16) & 0xff;
			if (!taken[track]) continue;
			const { clockRate } = stream.tracks[track]!;
			this.#note(track, words[entry + ENTRY_SEQUENCE]!, words[entry + ENTRY_TIMESTAMP]!, clockRate);
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
		return this.#pressing(timestamp, one.latest, one.earliest, one.clockRate);
	}

	/** Sequence number of the track's first packet and the timestamp it begins with; undefined where none is in the burst. */
	first(track: number): { readonly sequence: number; readonly timestamp: number } | undefined {
		const one = this.#pressed[track];
		return one && { sequence: one.sequence & 0xffff, timestamp: this.timestamp(track, one.earliest) };
	}

	#note(track: number, sequence: number, timestamp: number, clockRate: number): void {
		const one = this.#pressed[track];
		if (!one) this.#pressed[track] = { sequence, clockRate, earliest: timestamp, latest: timestamp };
		else if (distance32(timestamp, one.latest) > 0) one.latest = timestamp;
		else if (distance32(timestamp, one.earliest) < 0) one.earliest = timestamp;
	}
}
