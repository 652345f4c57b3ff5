import type { Frame } from "../../media/frame.ts";
import { distance32 } from "../../media/time.ts";
import type { Codec, Track } from "../../media/track.ts";
import { type Description, describe, splitUnits } from "../../wire/decoder-config.ts";
import { type FlvTag, isPlain, readAudioTag, readVideoTag } from "../../wire/flv.ts";
import { isObject, readMetadata } from "./command.ts";
import { AUDIO, type Message, RtmpError, VIDEO } from "./message.ts";
import { SampleClock } from "./sample-clock.ts";

/** A publisher that has sent media for so long has told its tracks, whatever it announced. */
const GATHER_MS = 1000;
/** Video is told in ticks of 90 kHz. */
const TICKS = 90;

/** What is made of a publisher's messages. */
export interface MediaSink {
	/** The tracks are known, or others than before. May throw. */
	tracks(tracks: readonly Track[]): void;
	/** A frame of one of them. */
	frame(frame: Frame): void;
}

interface Lane {
	description: Description | undefined;
	config: Buffer | undefined;
	/** Index of its track; −1 before tracks were told. */
	index: number;
	readonly sound: SampleClock;
}

interface Held {
	readonly lane: Lane;
	readonly tag: FlvTag & { kind: "frame" };
	readonly time: number;
}

function lane(): Lane {
	return { description: undefined, config: undefined, index: -1, sound: new SampleClock() };
}

/**
 * Makes tracks and frames of audio and video messages. RTMP does not say at the start what will come: frames are held
 * until every kind that the metadata announces has come, at most a second.
 */
export class MediaReader {
	/** Kinds of media that came and are not understood, for the log. */
	readonly unknown = new Set<string>();
	readonly #sink: MediaSink;
	readonly #maxHeldBytes: number;
	readonly #video = lane();
	readonly #audio = lane();
	/** What the metadata announces; undefined without metadata. */
	#announced: { readonly video: boolean; readonly audio: boolean } | undefined;
	/** Milliseconds, unwrapped. */
	#time: number | undefined;
	#firstTime = 0;
	#held: Held[] | undefined = [];
	#heldBytes = 0;

	constructor(sink: MediaSink, maxHeldBytes: number) {
		this.#sink = sink;
		this.#maxHeldBytes = maxHeldBytes;
	}

	/** Whether the tracks have been told. */
	get isLive(): boolean {
		return this.#held === undefined;
	}

	/** Takes an audio, video or data message. Throws `RtmpError`, `AmfError`, and what the sink throws. */
	message(message: Message): void {
		if (message.type === VIDEO) this.#tag(this.#video, readVideoTag(message.body), message.timestamp);
		else if (message.type === AUDIO) this.#tag(this.#audio, readAudioTag(message.body), message.timestamp);
		else this.#metadata(message);
	}

	/** No more is waited for: what has come so far are the tracks. */
	settle(): void {
		if (!this.isLive && (this.#video.description || this.#audio.description)) this.#begin();
	}

	#metadata(message: Message): void {
		const properties = readMetadata(message);
		if (!isObject(properties)) return;
		const has = (...keys: string[]): boolean =>
			keys.some((key) => properties[key] !== undefined && properties[key] !== null && properties[key] !== 0);
		const announced = { video: has("videocodecid", "width"), audio: has("audiocodecid", "audiosamplerate") };
		if (announced.video || announced.audio) this.#announced = announced;
	}

	#tag(lane: Lane, tag: FlvTag, timestamp: number): void {
		if (tag.kind === "end") return;
		if (tag.kind === "other") {
			if (this.unknown.size < 16) this.unknown.add(tag.what);
			return;
		}
		const time = this.#unwrap(timestamp);
		if (tag.kind === "config") this.#configure(lane, tag.codec, tag.data);
		else this.#frame(lane, tag, time);
	}

	/** Timestamps go round after 49 days; audio and video may overtake each other a little. */
	#unwrap(timestamp: number): number {
		if (this.#time === undefined) {
			this.#time = timestamp;
			this.#firstTime = timestamp;
		}
		const time = this.#time + distance32(timestamp, this.#time);
		this.#time = Math.max(this.#time, time);
		return time;
	}

	#configure(lane: Lane, codec: Codec, data: Buffer): void {
		if (lane.description?.track.codec === codec && lane.config?.equals(data)) return;
		const description = describe(codec, data);
		if (!description) throw new RtmpError(`the ${codec} configuration is broken`);
		const old = lane.description;
		lane.description = description;
		lane.config = Buffer.from(data);
		lane.sound.start(description.track.clockRate);
		if (!this.isLive) this.#settleIfComplete();
		// Other pictures of the same codec are told by their parameter sets.
		else if (!old || lane === this.#audio || old.track.codec !== codec) this.#begin();
	}

	#frame(lane: Lane, tag: FlvTag & { kind: "frame" }, time: number): void {
		if (!lane.description && isPlain(tag.codec) && describe(tag.codec, tag.data)) {
			this.#configure(lane, tag.codec, tag.data);
		}
		if (lane.description?.track.codec !== tag.codec || tag.data.length === 0) return;
		if (!this.#held) {
			this.#emit(lane, tag, time);
			return;
		}
		this.#held.push({ lane, tag, time });
		this.#heldBytes += tag.data.length;
		if (time - this.#firstTime >= GATHER_MS || this.#heldBytes > this.#maxHeldBytes) this.#begin();
	}

	#settleIfComplete(): void {
		const wanted = this.#announced ?? { video: true, audio: true };
		const missing = (wanted.video && !this.#video.description) || (wanted.audio && !this.#audio.description);
		if (!missing) this.#begin();
	}

	/** Tells the tracks, then the frames that were held. */
	#begin(): void {
		const lanes = [this.#video, this.#audio].filter(({ description }) => description);
		for (const [index, one] of lanes.entries()) one.index = index;
		const tracks = lanes.map(({ description }, index) => ({ ...description!.track, payloadType: 96 + index }));
		const held = this.#held ?? [];
		this.#held = undefined;
		this.#sink.tracks(tracks);
		for (const one of held) this.#emit(one.lane, one.tag, one.time);
	}

	#emit(lane: Lane, tag: FlvTag & { kind: "frame" }, time: number): void {
		const description = lane.description!;
		const track = lane.index;
		if (description.track.kind === "audio") {
			this.#sink.frame({ track, pts: lane.sound.at(time, tag.data, tag.codec), key: true, units: [tag.data] });
			return;
		}
		const units = splitUnits(description, tag.data, tag.key);
		if (!units || units.length === 0) return;
		const pts = (time + tag.composition) * TICKS;
		const dts = tag.composition === 0 ? {} : { dts: time * TICKS };
		this.#sink.frame({ track, pts, ...dts, key: tag.key, units });
	}
}
