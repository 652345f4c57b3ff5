import type { PathSettings } from "../config/path-schema.ts";
import type { Frame } from "../media/frame.ts";
import { distance16, type Millis } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import { HOLDS_SETS, type Inspect, inspectorOf, STARTS_KEY } from "../wire/inspect.ts";
import { type Payload, payloadOf } from "../wire/payload/payload.ts";
import { rtpHeaderBytes, rtpMarker, rtpPaddingBytes, rtpPayloadType, rtpSequence, rtpTimestamp } from "../wire/rtp.ts";
import { type Cutter, cutterOf, PAYLOAD_BYTES } from "./cutter.ts";
import { KEY_FRAME_WAIT_MS } from "./limits.ts";
import { PictureOrder } from "./picture-order.ts";
import { ParameterSets } from "./sets.ts";
import { Timeline } from "./timeline.ts";
import type { TrackWriter } from "./writer.ts";

/** A jump back of so many sequence numbers is not a late packet but a publisher that counts anew. */
const RESTART_DISTANCE = 1000;

/** Most packets of an access unit that are held until it shows whether it is a key frame. */
const HELD_PACKETS = 16;

/** What the intake tells the stream. */
export interface IntakeEvents {
	/** Decoding can start at the present access unit of this track. */
	onKey(track: number): void;
	/** A key frame is needed: packets were lost, or none has come yet. */
	onKeyNeeded(track: number): void;
}

/** What one track's intake has counted. */
export interface IntakeCounters {
	packets: number;
	bytes: number;
	/** Packets that never came. */
	lost: number;
	/** No RTP, another payload type than announced, or above a limit. */
	invalid: number;
	/** Packets that came but were of no use without the ones before them. */
	discarded: number;
}

/**
 * Takes one track's RTP packets, in order, from whoever publishes at the moment, and writes what readers see. After a
 * loss nothing passes until the next key frame, so that nobody sees a broken picture.
 */
export class Intake {
	readonly counters: IntakeCounters = { packets: 0, bytes: 0, lost: 0, invalid: 0, discarded: 0 };
	readonly timeline: Timeline;
	readonly sets: ParameterSets | undefined;
	readonly #order: PictureOrder;
	readonly #index: number;
	readonly #video: boolean;
	readonly #inspect: Inspect;
	readonly #payload: Payload | undefined;
	readonly #cutter: Cutter | undefined;
	readonly #writer: TrackWriter;
	readonly #settings: PathSettings;
	readonly #events: IntakeEvents;
	#payloadType: number;
	#expected = -1;
	/** Timestamp of the unit that is being received, or −1 between two units. */
	#unitTimestamp = -1;
	#unitWritten = false;
	#unitBytes = 0;
	#unitHasSets = false;
	#unitIsKey = false;
	/** A slice of the present key frame has come. */
	#unitHasSlice = false;
	/** Since when packets wait for a key frame; −1 where none do. */
	#waitingSince = -1;
	#skipUnit = false;
	#held: { bytes: Buffer; last: boolean }[] = [];

	constructor(index: number, track: Track, writer: TrackWriter, settings: PathSettings, events: IntakeEvents) {
		this.#index = index;
		this.#video = track.kind === "video";
		this.#inspect = inspectorOf(track.codec);
		this.#payload = payloadOf(track.codec);
		this.#cutter = cutterOf(track.codec, writer);
		this.#writer = writer;
		this.#settings = settings;
		this.#events = events;
		this.#payloadType = track.payloadType;
		this.timeline = new Timeline(track.clockRate);
		this.sets = ParameterSets.of(track);
		this.#order = new PictureOrder(track.clockRate);
	}

	/** Whether pictures arrive in another order than they are shown: the stream has B-frames. */
	get reordered(): boolean {
		return this.#order.reordered;
	}

	/** From now on a publisher sends, the first or another one, by its own description of the track. */
	begin(track: Track, now: Millis): void {
		this.timeline.rebase();
		this.sets?.announce(track.fmtp);
		this.#payloadType = track.payloadType;
		this.#expected = -1;
		this.#order.begin();
		this.#breakUnit();
		if (this.#video) this.#waitingSince = now;
	}

	/** One RTP packet of `length` bytes at `at`, in the order of its sequence number. */
	packet(bytes: Uint8Array, at: number, length: number, now: Millis, unixMs: number): void {
		const header = length <= this.#settings.maxPacketSize ? rtpHeaderBytes(bytes, at, length) : -1;
		if (header < 0 || rtpPayloadType(bytes, at) !== this.#payloadType) {
			this.counters.invalid++;
			return;
		}
		if (!this.#inOrder(rtpSequence(bytes, at), now)) return;
		const size = length - header - rtpPaddingBytes(bytes, at, length);
		this.counters.packets++;
		this.counters.bytes += length;
		if (size <= 0) return;
		const timestamp = this.timeline.map(rtpTimestamp(bytes, at), now);
		const last = !this.#video || rtpMarker(bytes, at);
		if (this.#video) this.#picture(bytes, at + header, size, last, timestamp, now, unixMs);
		else this.#sound(bytes, at + header, size, timestamp, now, unixMs);
	}

	/** A frame has come, whether or not it becomes packets. */
	see({ pts, units }: Frame, now: Millis): void {
		for (const unit of units) this.counters.bytes += unit.length;
		this.#order.see(pts, now);
	}

	/** One frame as packets; false where its codec cannot be packetised. */
	frame(frame: Frame, now: Millis, unixMs: number): boolean {
		const payload = this.#payload;
		if (!payload) return false;
		const timestamp = this.timeline.map(frame.pts % 2 ** 32, now);
		this.#startUnit(timestamp, now, unixMs);
		if (frame.key && this.#video) this.#startKey(timestamp, now);
		payload(frame.units, PAYLOAD_BYTES, (bytes, last) => {
			if (this.#video) this.#pass(bytes, 0, bytes.length, last, timestamp, now);
			else this.#writer.put(bytes, 0, bytes.length, last, timestamp, now);
		});
		this.counters.packets++;
		return true;
	}

	#inOrder(sequence: number, now: Millis): boolean {
		const gap = this.#expected < 0 ? 0 : distance16(sequence, this.#expected);
		if (gap < 0 && gap > -RESTART_DISTANCE) {
			this.counters.discarded++;
			return false;
		}
		this.#expected = (sequence + 1) & 0xffff;
		if (gap > 0) this.lose(gap, now);
		return true;
	}

	/** Says that `count` packets are lost for good. */
	lose(count: number, now: Millis): void {
		this.counters.lost += count;
		if (this.#video) {
			this.#breakUnit();
			this.#wait(now);
		} else {
			this.#writer.skip(count);
		}
	}

	#sound(bytes: Uint8Array, at: number, size: number, timestamp: number, now: Millis, unixMs: number): void {
		this.timeline.observe(timestamp, now, unixMs);
		this.#writer.startUnit();
		this.#writer.put(bytes, at, size, true, timestamp, now);
	}

	#picture(
		bytes: Uint8Array,
		at: number,
		size: number,
		last: boolean,
		timestamp: number,
		now: Millis,
		unixMs: number,
	): void {
		if (timestamp !== this.#unitTimestamp) {
			this.#order.see(timestamp, now);
			this.#startUnit(timestamp, now, unixMs);
		}
		this.#unitBytes += size;
		if (this.#unitBytes > this.#settings.maxFrameSize && !this.#skipUnit) {
			this.counters.invalid++;
			this.#breakUnit();
			this.#wait(now);
		}
		if (this.#skipUnit) this.counters.discarded++;
		else this.#pass(bytes, at, size, last, timestamp, now);
		if (last) this.#unitTimestamp = -1;
	}

	#startUnit(timestamp: number, now: Millis, unixMs: number): void {
		this.counters.discarded += this.#held.length;
		this.#held.length = 0;
		this.#unitTimestamp = timestamp;
		this.#unitBytes = 0;
		this.#unitWritten = false;
		this.#unitHasSets = false;
		this.#unitIsKey = false;
		this.#unitHasSlice = false;
		this.#skipUnit = false;
		this.#cutter?.reset();
		this.#writer.startUnit();
		this.timeline.observe(timestamp, now, unixMs);
		if (this.#waitingSince < 0) return;
		if (now - this.#waitingSince > KEY_FRAME_WAIT_MS) this.#waitingSince = -1;
		else this.#events.onKeyNeeded(this.#index);
	}

	#pass(bytes: Uint8Array, at: number, size: number, last: boolean, timestamp: number, now: Millis): void {
		const found = this.#inspect(bytes, at, size);
		if (found & HOLDS_SETS) {
			this.#unitHasSets = true;
			this.sets?.learn(bytes, at, size);
			// GStreamer's payloader repeats them before each slice; decoders would take that for the next picture.
			if (found === HOLDS_SETS && this.#unitHasSlice && !last) return;
		}
		if (found & STARTS_KEY) this.#unitHasSlice = true;
		if (found & STARTS_KEY && !this.#unitIsKey) this.#startKey(timestamp, now);
		if (this.#waitingSince >= 0) this.#hold(bytes, at, size, last);
		else this.#write(bytes, at, size, last, timestamp, now);
	}

	/** The present access unit is a key frame: what waited for one goes on. */
	#startKey(timestamp: number, now: Millis): void {
		this.#unitIsKey = true;
		this.#waitingSince = -1;
		for (const one of this.#held) this.#write(one.bytes, 0, one.bytes.length, one.last, timestamp, now);
		this.#held.length = 0;
		const sets = this.#unitHasSets ? undefined : this.sets?.packet;
		if (sets && sets.length <= PAYLOAD_BYTES) this.#writer.put(sets, 0, sets.length, false, timestamp, now);
		this.#writer.markKey();
		this.#events.onKey(this.#index);
	}

	#write(bytes: Uint8Array, at: number, size: number, last: boolean, timestamp: number, now: Millis): void {
		this.#unitWritten = true;
		if (this.#cutter?.take(bytes, at, size, last, timestamp, now)) return;
		this.#writer.put(bytes, at, size, last, timestamp, now);
	}

	/** Parameter sets and the like come before the slice that tells whether the unit is a key frame. */
	#hold(bytes: Uint8Array, at: number, size: number, last: boolean): void {
		if (this.#held.length >= HELD_PACKETS) {
			this.#skipUnit = true;
			this.counters.discarded += this.#held.length + 1;
			this.#held.length = 0;
			return;
		}
		this.#held.push({ bytes: Buffer.from(bytes.subarray(at, at + size)), last });
	}

	/** Whatever is left of the present unit is of no use. A part of it may have left: readers see that packets miss. */
	#breakUnit(): void {
		if (this.#unitTimestamp < 0) return;
		this.#skipUnit = true;
		this.#cutter?.reset();
		if (this.#unitWritten) this.#writer.skip(1);
	}

	#wait(now: Millis): void {
		if (this.#waitingSince < 0) this.#waitingSince = now;
		this.#events.onKeyNeeded(this.#index);
	}
}
