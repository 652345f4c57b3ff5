import { randomInt } from "node:crypto";
import type { PathSettings } from "../config/path-schema.ts";
import type { Frame } from "../media/frame.ts";
import type { VideoFormat } from "../media/h264.ts";
import { distance32, type Millis } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import type { Pool } from "../net/pool.ts";
import { ENTRY_INFO, FLAG_LAST, PacketRing } from "../net/ring.ts";
import type { Histogram } from "../observe/histogram.ts";
import { Audience, type Fan } from "./audience.ts";
import type { Batched, Batches } from "./batches.ts";
import type { Clock } from "./clock.ts";
import { DerivedTrack, derivable, type NotMade, type Transcoder } from "./derived.ts";
import { FrameLane } from "./frame-lane.ts";
import { Intake } from "./intake.ts";
import { JoinPoints } from "./join-points.ts";
import { KEY_FRAME_REQUEST_MS, RATE_LEAST_MS, REPAIR_MS } from "./limits.ts";
import type { Reader } from "./reader.ts";
import type { ClockPair } from "./timeline.ts";
import { TrackWriter } from "./writer.ts";

/** So many batches in a row must have closed by themselves before that is relied on. */
const PUNCTUAL_BATCHES = 30;

/** What a stream has counted, over all its readers and publishers. */
export interface StreamCounters {
	dropped: number;
	cuts: number;
	joins: number;
	keyRequests: number;
}

/** What is counted over all streams. */
export interface StreamStatistics {
	/** From the arrival of a batch's first packet until all readers had been called, in ms. */
	readonly delay: Histogram;
	/** From a reader's joining until its first complete key frame had been handed over, in ms. */
	readonly firstFrame: Histogram;
}

/**
 * The live data of a path: tracks, packets, and who reads them. It outlives its publisher: another one whose tracks fit
 * continues it.
 */
export class Stream implements Batched {
	/** The path's. */
	readonly name: string;
	/** What is published. */
	readonly tracks: readonly Track[];
	/** What readers can take: the tracks that are published, and behind them those that are made of these when taken. */
	readonly offered: readonly Track[];
	readonly settings: PathSettings;
	readonly ring: PacketRing;
	readonly counters: StreamCounters = { dropped: 0, cuts: 0, joins: 0, keyRequests: 0 };
	readonly statistics: StreamStatistics;
	/** Packets below this number have been handed on. */
	flushed = 0;
	/** When the last packet came. */
	lastArrival: Millis;
	/** When the first packet came that has not been handed on; −1 where there is none. */
	openSince: Millis = -1;
	readonly batchMs: Millis;
	/** Kept by `Batches`. */
	listed = false;
	readonly #clock: Clock;
	readonly #writers: readonly TrackWriter[];
	/** What is counted of each published track on its way in, and how its pictures look. */
	readonly intakes: readonly Intake[];
	readonly #derived: readonly DerivedTrack[];
	readonly #notMade: readonly NotMade[];
	readonly #joins: JoinPoints;
	readonly #lane: FrameLane;
	readonly #audience = new Audience();
	/** What ends the subscription of each reader of frames. */
	readonly #subscriptions = new Map<Reader, () => void>();
	readonly #batches: Batches;
	/** Batches of several packets that closed in time, since the last one that did not. */
	#inTime = 0;
	/** From the monotonic clock to Unix time; read with each batch. */
	#unixOffset = 0;
	#requestKeyFrame: (() => void) | undefined;
	#keyRequestedAt = Number.NEGATIVE_INFINITY;

	/** Throws a RangeError where there is no media memory left. */
	constructor(
		name: string,
		pool: Pool,
		tracks: readonly Track[],
		settings: PathSettings,
		clock: Clock,
		statistics: StreamStatistics,
		batches: Batches,
		transcoder?: Transcoder,
	) {
		this.name = name;
		this.tracks = tracks;
		const derivations = derivable(tracks, transcoder);
		this.#notMade = derivations.filter((one) => "reason" in one);
		const derived = derivations.filter((one) => "track" in one);
		this.offered = [...tracks, ...derived.map(({ track }) => track)];
		this.settings = settings;
		this.#clock = clock;
		this.statistics = statistics;
		this.#batches = batches;
		this.batchMs = settings.batch;
		this.lastArrival = clock.now();
		const { cacheSize: bytes, cacheAge: ageMs } = settings;
		this.ring = new PacketRing(pool, { bytes, ageMs, historyMs: REPAIR_MS });
		this.#joins = new JoinPoints(this.ring, this.offered.length);
		this.#writers = this.offered.map(
			(track, index) => new TrackWriter(this.ring, index, track, randomInt(1, 2 ** 32), randomInt(0x8000)),
		);
		const events = {
			onKey: (track: number) => this.#joins.mark(track, this.#writers[track]!.unit),
			onKeyNeeded: () => this.requestKeyFrame(),
		};
		this.#lane = new FrameLane(this);
		const intake = (track: Track, index: number): Intake =>
			new Intake(index, track, this.#writers[index]!, settings, events);
		this.intakes = tracks.map(intake);
		this.#derived = derived.map((one, i) => {
			const index = tracks.length + i;
			const own = intake(one.track, index);
			return new DerivedTrack(this, index, one, own, transcoder!, (track, frame) => this.#made(track, frame));
		});
	}

	/** The index of the published track that one is made of; undefined for one that is published itself. */
	madeOf(track: number): number | undefined {
		return this.#derived[track - this.tracks.length]?.from;
	}

	/** Why nothing else is made of a published track, for people; undefined where something is, or nobody could want it. */
	notMade(track: number): string | undefined {
		return this.#notMade.find(({ from }) => from === track)?.reason;
	}

	get readers(): ReadonlySet<Reader> {
		return this.#audience.readers;
	}

	/** How many readers there are without the passive ones. */
	get audience(): number {
		return this.#audience.size;
	}

	/** The synchronisation source that readers see for a track. */
	ssrc(track: number): number {
		return this.#writers[track]!.ssrc;
	}

	/** Extended sequence number of the track's next packet. */
	sequence(track: number): number {
		return this.#writers[track]!.sequence;
	}

	/** Size and profile of a video track's picture, once known. */
	format(track: number): VideoFormat | undefined {
		return this.intakes[track]?.sets?.format;
	}

	/** Bytes a second, all tracks, over what the ring holds; 0 while that is less than half a second. */
	byteRate(now: Millis): number {
		const { ring } = this;
		const ms = ring.tail < ring.head ? ring.age(ring.tail, now) : 0;
		return ms < RATE_LEAST_MS ? 0 : (ring.bytes * 1000) / ms;
	}

	/** Timestamp and wall time of a track at one instant, for sender reports; undefined before its first packet. */
	clock(track: number, now: Millis): ClockPair | undefined {
		return this.#intake(track).timeline.at(now);
	}

	/** A publisher takes the stream over. `requestKeyFrame` is left out where it cannot make one when asked. */
	begin(tracks: readonly Track[], requestKeyFrame: (() => void) | undefined): void {
		this.#requestKeyFrame = requestKeyFrame;
		const now = this.#clock.now();
		this.lastArrival = now;
		this.#unixOffset = this.#clock.unix() - now;
		this.#lane.begin();
		for (const [index, track] of tracks.entries()) this.intakes[index]!.begin(track, now);
		for (const one of this.#derived) one.begin(now);
	}

	/** The publisher is gone. */
	pause(): void {
		this.flush();
		for (const one of this.#derived) one.stop();
	}

	/** One RTP packet of a track: `length` bytes at `at`, in the order of its sequence number, that came at `now`. */
	packet(track: number, bytes: Uint8Array, at: number, length: number, now: Millis): void {
		const head = this.ring.head;
		this.lastArrival = now;
		this.intakes[track]!.packet(bytes, at, length, now, now + this.#unixOffset);
		if (this.ring.head === head) return;
		if (this.#complete()) {
			if (this.openSince >= 0) this.#inTime++;
			this.flush();
		} else if (this.openSince < 0) {
			this.openSince = now;
			this.#batches.opened(this);
		} else if (now - this.openSince >= this.batchMs) {
			this.expire();
		}
	}

	/** Whether batches have closed by themselves of late, by the last packets of their access units. */
	get punctual(): boolean {
		return this.#inTime >= PUNCTUAL_BATCHES;
	}

	/** Hands on what has come of an access unit that takes long to come. */
	expire(): void {
		this.#inTime = 0;
		this.flush();
	}

	/** Hands on what has come. */
	flush(): void {
		this.openSince = -1;
		const first = this.flushed;
		if (first === this.ring.head) return;
		this.flushed = this.ring.head;
		const now = this.#clock.now();
		this.#unixOffset = this.#clock.unix() - now;
		this.#lane.advance();
		if (!this.#lane.isFed) for (let i = 0; i < this.#derived.length; i++) this.#derived[i]!.advance();
		this.#audience.batch(this.flushed, now);
		this.statistics.delay.observe(this.#clock.now() - now + this.ring.age(first, now));
		this.ring.trim(now);
	}

	/**
	 * One frame, from a publisher that speaks frames: of each track in the order of decoding. Becomes packets only while
	 * somebody reads packets.
	 */
	frame(frame: Frame): void {
		this.lastArrival = this.#clock.now();
		this.intakes[frame.track]!.see(frame, this.lastArrival);
		this.#lane.feed(frame);
		for (const one of this.#derived) one.feed(frame);
		if (this.#audience.takesPackets) this.prepare();
		else this.#forget();
	}

	/** When a frame was sampled: milliseconds on one clock for all tracks of the stream, with an arbitrary start. */
	frameMs({ track, pts }: Frame): number {
		const { clockRate } = this.offered[track]!;
		const pair = this.#lane.isFed ? undefined : this.clock(track, this.#clock.now());
		if (!pair) return (pts * 1000) / clockRate;
		return pair.unixMs + (distance32(pts, pair.timestamp) * 1000) / clockRate;
	}

	/**
	 * Calls `onFrame` with the frames of the published tracks since the last key frame and then with each that comes,
	 * until told to stop.
	 */
	frames(onFrame: (frame: Frame) => void): () => void {
		return this.#lane.subscribe((frame) => {
			if (frame.track < this.tracks.length) onFrame(frame);
		});
	}

	/** The newest key frame of a track, whole; undefined where there is none. */
	keyFrame(track: number): Frame | undefined {
		return this.#lane.keyFrame(track, this.#joins.of(track));
	}

	/** Asks the publisher for a key frame, at most once in 500 ms. Does nothing where it cannot make one. */
	requestKeyFrame(): void {
		const now = this.#clock.now();
		if (!this.#requestKeyFrame || now - this.#keyRequestedAt < KEY_FRAME_REQUEST_MS) return;
		this.#keyRequestedAt = now;
		this.counters.keyRequests++;
		this.#requestKeyFrame();
	}

	/**
	 * Number of the packet at which a reader of `tracks` starts: the first of the newest key frame, or the live edge
	 * where there is none or no video.
	 */
	joinFor(tracks: readonly number[]): number {
		const join = this.#joins.oldest(tracks);
		return join >= 0 && join < this.flushed ? join : this.flushed;
	}

	/** Serves a group of readers with one call per batch; the returned function ends that. */
	attach(fan: Fan): () => void {
		const detach = this.#audience.attach(fan);
		this.#derive();
		return detach;
	}

	/** A reader of packets is about to join: what it begins with is to be there. */
	prepare(): void {
		this.#lane.pending((frame) => {
			if (this.#intake(frame.track).frame(frame, this.#clock.now(), this.#clock.unix())) this.flush();
		});
	}

	/** Adds a reader that was made for this stream. */
	add(reader: Reader): void {
		this.#audience.add(reader);
		this.counters.joins++;
		if (reader.frames) {
			this.#subscriptions.set(
				reader,
				this.#lane.subscribe((frame) => reader.offer(frame, this.#clock.now())),
			);
			reader.joined();
		}
		this.#derive();
		for (const one of this.#derived) if (reader.tracks.includes(one.index)) one.take(this.#clock.now());
		const video = reader.tracks.some((track) => this.tracks[track]?.kind === "video");
		const isEmpty = reader.frames ? reader.frames.length === 0 : reader.from === this.flushed;
		if (video && isEmpty) this.requestKeyFrame();
	}

	remove(reader: Reader): void {
		this.#subscriptions.get(reader)?.();
		this.#subscriptions.delete(reader);
		if (!this.#audience.remove(reader)) return;
		for (const one of this.#derived) if (reader.tracks.includes(one.index)) one.release(this.#clock);
	}

	/** Ends all readers with a reason and gives the memory back. */
	close(reason: string): void {
		this.openSince = -1;
		this.#audience.end(reason);
		for (const one of this.#derived) one.stop();
		this.ring.close();
	}

	#intake(track: number): Intake {
		return this.intakes[track] ?? this.#derived[track - this.tracks.length]!.intake;
	}

	/** A frame of a derived track: it goes the way of the publisher's. */
	#made(derived: DerivedTrack, frame: Frame): void {
		const { isFed } = this.#lane;
		const now = this.#clock.now();
		if (isFed) this.#lane.feed(frame);
		if (isFed && !this.#audience.takesPackets) return;
		derived.report(frame, isFed, now);
		if (isFed) this.#derive();
		else if (derived.intake.frame(frame, now, this.#clock.unix())) this.flush();
	}

	/** Frames become packets while somebody reads packets. */
	#derive(): void {
		if (this.#audience.takesPackets) this.prepare();
	}

	/** Nobody reads packets of frames: those of earlier readers are too old to join at. */
	#forget(): void {
		if (this.ring.tail === this.ring.head) return;
		this.#lane.rewind();
		this.#joins.clear();
		this.ring.trim(this.#clock.now());
	}

	/** Whether the last packet ends an access unit and no other unit has begun. */
	#complete(): boolean {
		const info = this.ring.pool.words[this.ring.entry(this.ring.head - 1) + ENTRY_INFO] ?? 0;
		return ((info >>> 24) & FLAG_LAST) !== 0;
	}
}
