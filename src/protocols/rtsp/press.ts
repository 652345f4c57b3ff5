import type { Stream } from "../../hub/stream.ts";
import { distance32 } from "../../media/time.ts";
import { ENTRY_INFO, ENTRY_SEQUENCE, ENTRY_TIMESTAMP } from "../../net/ring.ts";
import { pressTimestamp, type Squeeze, squeezeOf } from "../../net/sender/squeeze.ts";

interface Span {
	/** Lower 16 bits are the sequence number of the first packet. */
	readonly sequence: number;
	earliest: number;
	latest: number;
}

/**
 * The timestamps of the burst with which a reader joins, pressed together to end at the live edge: players keep the age
 * of what they get first as their delay for ever. Sound is left out of the burst where there are pictures: it cannot be
 * played faster, and players wait for it.
 */
export class Press {
	readonly #spans: (Span | undefined)[];
	readonly #squeezes: readonly (Squeeze | undefined)[];

	/** The burst is what the ring holds of `tracks` from packet `from` up to, without, packet `end`. */
	constructor(stream: Stream, tracks: readonly number[], from: number, end: number) {
		const pictures = tracks.some((track) => stream.tracks[track]?.kind === "video");
		const taken = stream.tracks.map((one, track) => tracks.includes(track) && !(pictures && one.kind === "audio"));
		this.#spans = stream.tracks.map(() => undefined);
		const { words } = stream.ring.pool;
		for (let number = from; number < end; number++) {
			const entry = stream.ring.entry(number);
			const track = (words[entry + ENTRY_INFO]! >>> 16) & 0xff;
			if (taken[track]) this.#note(track, words[entry + ENTRY_SEQUENCE]!, words[entry + ENTRY_TIMESTAMP]!);
		}
		this.#squeezes = this.#spans.map(
			(span, track) => span && squeezeOf(span.earliest, span.latest, stream.tracks[track]!.clockRate),
		);
	}

	/** Whether packets of this track are in the burst. */
	takes(track: number): boolean {
		return this.#spans[track] !== undefined;
	}

	/** How it is done to a track; undefined where none of its packets are in the burst. */
	squeeze(track: number): Squeeze | undefined {
		return this.#squeezes[track];
	}

	/** What a timestamp of the burst is towards the reader. */
	timestamp(track: number, timestamp: number): number {
		const squeeze = this.#squeezes[track];
		return squeeze ? pressTimestamp(timestamp, squeeze.edge, squeeze.factor) : timestamp;
	}

	/** Sequence number of the track's first packet and the timestamp it begins with; undefined where none is in the burst. */
	first(track: number): { readonly sequence: number; readonly timestamp: number } | undefined {
		const span = this.#spans[track];
		return span && { sequence: span.sequence & 0xffff, timestamp: this.timestamp(track, span.earliest) };
	}

	#note(track: number, sequence: number, timestamp: number): void {
		const span = this.#spans[track];
		if (!span) this.#spans[track] = { sequence, earliest: timestamp, latest: timestamp };
		else if (distance32(timestamp, span.latest) > 0) span.latest = timestamp;
		else if (distance32(timestamp, span.earliest) < 0) span.earliest = timestamp;
	}
}
