import { randomUUID } from "node:crypto";
import type { PathSettings } from "../config/path-schema.ts";
import type { Frame } from "../media/frame.ts";
import type { PathName } from "../media/path-name.ts";
import type { Track } from "../media/track.ts";
import type { Clock } from "./clock.ts";
import { Reader, type ReaderEvents, type ReaderInfo } from "./reader.ts";
import { Refused } from "./refused.ts";
import type { Stream } from "./stream.ts";

/** Who publishes, for people and for the control API. */
export interface PublisherInfo {
	/** As in MediaMTX's API: `rtspSession`, `rtspSource`, `webRTCSession` … */
	readonly type: string;
	readonly id: string;
	readonly remoteAddress: string;
	/** The user or robot; empty for nobody in particular. The same identity replaces its old connection at once. */
	readonly identity: string;
	/** What stood after `?` in the address that they came to. */
	readonly query?: string;
}

export interface PublisherEvents {
	/** The hub ends the publisher. Called once; not called where the protocol itself left. */
	onEnd(reason: string): void;
	/** A key frame is wanted. Left out where the publisher cannot make one when asked. */
	onKeyFrameRequest?(): void;
}

/** What a path tells the hub. */
export interface PathEvents {
	published(path: Path): void;
	unpublished(path: Path, reason: string): void;
	joined(path: Path, reader: Reader): void;
	left(path: Path, reader: Reader): void;
	/** What asks for a key frame where the publisher cannot be asked itself; undefined for nothing. */
	keyFrameOf(path: Path, publisher: PublisherInfo): (() => void) | undefined;
	/** Nobody publishes, nobody reads. */
	empty(path: Path): void;
	/** A stream for these tracks. Throws `Refused`. */
	createStream(path: Path, tracks: readonly Track[]): Stream;
}

/** The publisher's side of a path. */
export class Publication {
	readonly info: PublisherInfo;
	readonly path: Path;
	readonly stream: Stream;
	/** Unix milliseconds. */
	readonly since: number;
	readonly #events: PublisherEvents;
	#ended = false;
	/** From the publisher's wall clock to the relay's, in ms; undefined before its first sender report. */
	#clockOffset: number | undefined;
	readonly #clock: Clock;

	constructor(path: Path, stream: Stream, info: PublisherInfo, events: PublisherEvents, clock: Clock) {
		this.path = path;
		this.stream = stream;
		this.info = info;
		this.since = clock.unix();
		this.#events = events;
		this.#clock = clock;
	}

	/** False once it was replaced, ended or closed: then what it sends is dropped. */
	get active(): boolean {
		return !this.#ended;
	}

	/** One RTP packet of a track, `length` bytes at `at`, in the order of its sequence number, that came at `now`. */
	packet(track: number, bytes: Uint8Array, at: number, length: number, now = this.#clock.now()): void {
		if (!this.#ended) this.stream.packet(track, bytes, at, length, now);
	}

	/** One frame, from a publisher that speaks frames. */
	frame(frame: Frame): void {
		if (!this.#ended) this.stream.frame(frame);
	}

	/** A sender report: `timestamp` of the track was sampled at `unixMs` on the publisher's clock. */
	report(track: number, timestamp: number, unixMs: number): void {
		if (this.#ended) return;
		this.#clockOffset ??= this.#clock.unix() - unixMs;
		this.stream.intakes[track]?.timeline.report(timestamp, unixMs + this.#clockOffset, this.#clock.now());
	}

	/**
	 * The track begins with `timestamp`, or would: tracks that are told so at the same time were sampled together, as far
	 * as is known until reports come.
	 */
	begin(track: number, timestamp: number): void {
		if (this.#ended) return;
		this.stream.intakes[track]?.timeline.begin(timestamp, this.#clock.unix(), this.#clock.now());
	}

	/** The protocol's side is gone. May be called more than once. */
	close(reason: string): void {
		if (this.#ended) return;
		this.#ended = true;
		this.path.unpublish(this, reason);
	}

	/** The hub ends the publisher and tells it why. */
	end(reason: string): void {
		if (this.#ended) return;
		this.#ended = true;
		this.path.unpublish(this, reason);
		this.#events.onEnd(reason);
	}

	/** Another publisher has the path now. */
	replaced(by: PublisherInfo): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#events.onEnd(`replaced by another publisher from ${by.remoteAddress}`);
	}
}

/** The name of a place a stream can be: at most one publisher, any number of readers. */
export class Path {
	readonly name: PathName;
	/** The configuration entry that it goes by. */
	readonly confName: string;
	readonly settings: PathSettings;
	readonly #clock: Clock;
	readonly #events: PathEvents;
	#publication: Publication | undefined;
	#stream: Stream | undefined;
	#cancelGrace: (() => void) | undefined;

	constructor(name: PathName, confName: string, settings: PathSettings, clock: Clock, events: PathEvents) {
		this.name = name;
		this.confName = confName;
		this.settings = settings;
		this.#clock = clock;
		this.#events = events;
	}

	/** Who publishes now. */
	get publication(): Publication | undefined {
		return this.#publication;
	}

	/** The present stream; it stays for a while when its publisher is gone. */
	get stream(): Stream | undefined {
		return this.#stream;
	}

	/** Takes a publisher in, in place of a silent one or of its own old connection. Throws `Refused`. */
	publish(tracks: readonly Track[], info: PublisherInfo, events: PublisherEvents): Publication {
		this.#checkTracks(tracks);
		this.#checkReplacement(info);
		const stream = this.#streamFor(tracks);
		const publication = new Publication(this, stream, info, events, this.#clock);
		const old = this.#publication;
		this.#publication = publication;
		this.#cancelGrace?.();
		this.#cancelGrace = undefined;
		old?.replaced(info);
		stream.begin(tracks, events.onKeyFrameRequest?.bind(events) ?? this.#events.keyFrameOf(this, info));
		this.#events.published(this);
		return publication;
	}

	/** Takes a reader in. `tracks` are indices of the stream's tracks. Throws `Refused`. */
	read(tracks: readonly number[], info: ReaderInfo, events: ReaderEvents): Reader {
		const stream = this.#stream;
		if (!stream) throw new Refused("absent", `nobody publishes to "${this.name}"`);
		const { maxReaders } = this.settings;
		if (!info.passive && stream.audience >= maxReaders) {
			throw new Refused("full", `"${this.name}" has ${stream.audience} readers, the most it may have`);
		}
		if (!events.onFrame) stream.prepare();
		const reader = new Reader(stream, info, tracks, events, this.#clock.now(), (one) => this.#left(one));
		stream.add(reader);
		this.#events.joined(this, reader);
		return reader;
	}

	/** Called by the publication when it ends. */
	unpublish(publication: Publication, reason: string): void {
		if (this.#publication !== publication) return;
		this.#publication = undefined;
		this.#stream?.pause();
		this.#events.unpublished(this, reason);
		if (!this.#stream?.audience) this.close(reason);
		else this.#cancelGrace = this.#clock.after(this.settings.graceTime, () => this.close(`stream ended: ${reason}`));
	}

	/** Ends everybody with a reason. */
	close(reason: string): void {
		// Ends what there is to wait for before the waiting: a publication that ends makes its readers wait.
		this.#publication?.end(reason);
		this.#cancelGrace?.();
		this.#cancelGrace = undefined;
		const stream = this.#stream;
		this.#stream = undefined;
		stream?.close(reason);
		this.#events.empty(this);
	}

	#left(reader: Reader): void {
		reader.stream.remove(reader);
		this.#events.left(this, reader);
		// The reader of a stream that a new publisher's has replaced leaves nobody behind.
		const isLast = reader.stream === this.#stream && reader.stream.audience === 0;
		if (!this.#publication && isLast) this.close("nobody reads");
	}

	#checkTracks(tracks: readonly Track[]): void {
		const { maxTracks } = this.settings;
		if (tracks.length === 0) throw new Refused("invalid", "a stream needs at least one track");
		if (tracks.length > maxTracks) {
			throw new Refused("invalid", `the stream has ${tracks.length} tracks, at most ${maxTracks} are allowed`);
		}
	}

	#checkReplacement(info: PublisherInfo): void {
		const old = this.#publication;
		if (!old || this.settings.overridePublisher) return;
		if (info.identity !== "" && info.identity === old.info.identity) return;
		const silent = this.#clock.now() - old.stream.lastArrival;
		if (silent >= this.settings.silentAfter) return;
		throw new Refused("in use", `somebody else publishes to "${this.name}" from ${old.info.remoteAddress}`);
	}

	/** The present stream where the tracks fit it, else a new one, which ends the readers of the old one. */
	#streamFor(tracks: readonly Track[]): Stream {
		const stream = this.#stream;
		if (stream && fits(stream.tracks, tracks)) return stream;
		const fresh = this.#events.createStream(this, tracks);
		this.#stream = fresh;
		stream?.close("the new publisher's tracks differ");
		return fresh;
	}
}

/** Whether readers of the one can go on with the other. */
function fits(old: readonly Track[], fresh: readonly Track[]): boolean {
	if (old.length !== fresh.length) return false;
	return old.every((track, index) => {
		const other = fresh[index]!;
		return (
			track.kind === other.kind &&
			track.codec === other.codec &&
			track.encoding.toLowerCase() === other.encoding.toLowerCase() &&
			track.clockRate === other.clockRate &&
			track.channels === other.channels
		);
	});
}

/** An unguessable name for a publisher or a reader. */
export function newId(): string {
	return randomUUID();
}
