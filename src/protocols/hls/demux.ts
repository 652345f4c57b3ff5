import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { boxAt } from "../../wire/fmp4-boxes.ts";
import { readFragments } from "../../wire/fmp4-reader.ts";
import { type Mp4Init, readInit } from "../../wire/fmp4-tracks.ts";
import { MpegTsReader } from "../../wire/mpegts.ts";

/** The first byte of each packet of a transport stream. */
const SYNC = 0x47;

/** What comes out of one rendition's segments. */
export interface DemuxEvents {
	/** The tracks of the frames that follow. `leftOut` names what is left out. */
	onTracks(tracks: readonly Track[], leftOut: readonly string[]): void;
	onFrame(frame: Frame): void;
}

/** Takes frames out of segments: of MPEG-TS (RFC 8216 section 3.2) or fragmented MP4 (section 3.3). */
export class Demuxer {
	readonly #events: DemuxEvents;
	readonly #maxFrameBytes: number;
	#ts: MpegTsReader | undefined;
	#era = -1;
	#initBytes: Buffer | undefined;
	#init: Mp4Init | undefined;

	constructor(events: DemuxEvents, maxFrameBytes: number) {
		this.#events = events;
		this.#maxFrameBytes = maxFrameBytes;
	}

	/**
	 * A whole segment, with what goes before it; `era` is another one behind each discontinuity. Throws where it is
	 * neither, or does not add up.
	 */
	push(init: Buffer | undefined, bytes: Buffer, era: number): void {
		if (era !== this.#era) this.#ts = undefined;
		this.#era = era;
		if (!init && bytes[0] === SYNC) {
			this.#ts ??= new MpegTsReader(this.#events, this.#maxFrameBytes);
			this.#ts.push(bytes);
			return;
		}
		const isOwn = !init && bytes[0] === 0 && boxAt(bytes, "moov") !== undefined;
		const needed = isOwn ? bytes : init;
		if (!needed) throw new Error("a segment that is neither MPEG-TS nor fragmented MP4");
		this.#begin(needed);
		for (const frame of readFragments(this.#init!, bytes)) this.#frame(frame);
	}

	#begin(init: Buffer): void {
		if (this.#initBytes?.equals(init)) return;
		this.#initBytes = init;
		this.#init = readInit(init);
		const { tracks, leftOut } = this.#init;
		this.#events.onTracks(
			tracks.map(({ description }) => description.track),
			leftOut,
		);
	}

	#frame(frame: Frame): void {
		const bytes = frame.units.reduce((sum, { length }) => sum + length, 0);
		if (bytes > this.#maxFrameBytes)
			throw new Error(`a picture of ${bytes} bytes, at most ${this.#maxFrameBytes} are taken`);
		this.#events.onFrame(frame);
	}
}
