import type { Stream } from "../../hub/stream.ts";
import type { Frame } from "../../media/frame.ts";
import { MpegTsWriter } from "../../wire/mpegts-mux.ts";
import { messagesOf } from "./message-queue.ts";
import { SteadyClock } from "./steady-clock.ts";

type Times = (ms: number) => number;
const asTheyAre: Times = (ms) => ms;

/** A stream as a transport stream: each frame is written once, whoever gets it. */
export class Muxer {
	readonly #stream: Stream;
	readonly #tracks: readonly number[];
	readonly #live: MpegTsWriter;
	readonly #clock: SteadyClock;
	/** What became of frames that somebody may still want. */
	readonly #made = new WeakMap<Frame, readonly Uint8Array[]>();

	constructor(stream: Stream, tracks: readonly number[]) {
		this.#stream = stream;
		this.#tracks = tracks;
		this.#clock = new SteadyClock(stream.tracks);
		this.#live = this.#writer();
	}

	/** The messages of a live frame. To be asked for each as it comes, also by those who cannot send it yet. */
	messages(frame: Frame): readonly Uint8Array[] {
		let messages = this.#made.get(frame);
		if (!messages) {
			messages = messagesOf(this.#write(this.#live, frame, asTheyAre));
			this.#made.set(frame, messages);
		}
		return messages;
	}

	/** The messages of frames that one reader joins with, at times of its own; what is live then follows without a gap. */
	burst(frames: readonly Frame[], times: Times): readonly Uint8Array[][] {
		const writer = this.#writer();
		const packets = frames.map((frame) => this.#write(writer, frame, times));
		for (const one of packets) writer.leadInto(this.#live, one);
		return packets.map(messagesOf);
	}

	#writer(): MpegTsWriter {
		const { tracks, intakes } = this.#stream;
		const taken = tracks.map((track, index) => (this.#tracks.includes(index) ? track : undefined));
		return new MpegTsWriter(taken, (track) => intakes[track]?.sets?.units ?? []);
	}

	#write(writer: MpegTsWriter, frame: Frame, times: Times): Buffer {
		const ptsMs = this.#clock.at(frame, this.#stream.frameMs(frame));
		const { clockRate } = this.#stream.tracks[frame.track]!;
		const dtsMs = frame.dts === undefined ? ptsMs : ptsMs - ((frame.pts - frame.dts) * 1000) / clockRate;
		return writer.frame(frame, times(ptsMs), times(dtsMs));
	}
}

/** As long as their streams are there. */
const muxers = new WeakMap<Stream, Map<string, Muxer>>();

/** The one of all readers who take these tracks of a stream. */
export function muxerOf(stream: Stream, tracks: readonly number[]): Muxer {
	const own = muxers.get(stream) ?? new Map<string, Muxer>();
	muxers.set(stream, own);
	const muxer = own.get(`${tracks}`) ?? new Muxer(stream, tracks);
	own.set(`${tracks}`, muxer);
	return muxer;
}
