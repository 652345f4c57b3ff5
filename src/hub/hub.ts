import type { FoundSettings } from "../config/path-settings.ts";
import type { PathName } from "../media/path-name.ts";
import type { Track } from "../media/track.ts";
import type { Pool } from "../net/pool.ts";
import { Histogram } from "../observe/histogram.ts";
import { Batches } from "./batches.ts";
import type { Clock } from "./clock.ts";
import type { Visitor } from "./demand/camera.ts";
import { Demand, type HoldStore } from "./demand/demand.ts";
import type { Transcoder } from "./derived.ts";
import { Path, type PathEvents, type Publication, type PublisherEvents, type PublisherInfo } from "./path.ts";
import type { Reader, ReaderEvents, ReaderInfo } from "./reader.ts";
import { NO_SOURCE, Refused } from "./refused.ts";
import { Stream, type StreamStatistics } from "./stream.ts";

/** What the hub tells whoever listens: the log, the hooks, the page. */
export type HubEvent =
	| { readonly at: "published"; readonly path: Path; readonly publication: Publication }
	| { readonly at: "unpublished"; readonly path: Path; readonly reason: string }
	| { readonly at: "joined"; readonly path: Path; readonly reader: Reader }
	| { readonly at: "left"; readonly path: Path; readonly reader: Reader };

export interface HubOptions {
	readonly pool: Pool;
	readonly clock: Clock;
	/** The settings of a path by its name; undefined where the path may not be used. */
	readonly settings: (name: PathName) => FoundSettings | undefined;
	/** Most paths at a time. */
	readonly maxPaths: number;
	/** Keeps starts over a restart of the relay; left out, they are forgotten. */
	readonly holds?: HoldStore | undefined;
	/** Makes the tracks that a reader can take and nobody publishes; left out where nothing can. */
	readonly transcoder?: Transcoder | undefined;
}

const DELAY_BUCKETS_MS = [0.25, 0.5, 1, 2, 4, 8, 16, 33, 66, 133];
const FIRST_FRAME_BUCKETS_MS = [10, 25, 50, 100, 250, 500, 1000, 2000, 5000];

/** Knows the paths, who publishes and who reads. Knows no protocol. */
export class Hub {
	readonly clock: Clock;
	/** Which paths can be woken, and who wants them. */
	readonly demand: Demand;
	/** Counted over all streams. */
	readonly statistics: StreamStatistics = {
		delay: new Histogram(DELAY_BUCKETS_MS),
		firstFrame: new Histogram(FIRST_FRAME_BUCKETS_MS),
	};
	/** Why the relay gets nothing from the sources of these paths now, without secrets; readers hear only that it is so. */
	readonly sourceFaults = new Map<PathName, string>();
	readonly #options: HubOptions;
	readonly #batches: Batches;
	readonly #paths = new Map<PathName, Path>();
	readonly #listeners = new Set<(event: HubEvent) => void>();
	readonly #pathEvents: PathEvents;

	constructor(options: HubOptions) {
		this.#options = options;
		this.clock = options.clock;
		this.#batches = new Batches(options.clock);
		this.#pathEvents = this.#makePathEvents();
		this.demand = new Demand({ ...options, path: (name) => this.#paths.get(name) });
	}

	/** All paths that somebody publishes to or reads from, in the order in which they came to be. */
	get paths(): Iterable<Path> {
		return this.#paths.values();
	}

	path(name: PathName): Path | undefined {
		return this.#paths.get(name);
	}

	/** Takes a publisher in. Throws `Refused`. */
	publish(name: PathName, tracks: readonly Track[], info: PublisherInfo, events: PublisherEvents): Publication {
		this.demand.check(name, info);
		const path = this.#paths.get(name) ?? this.#create(name);
		try {
			return path.publish(tracks, info, events);
		} finally {
			if (!path.stream) this.#paths.delete(name);
		}
	}

	/**
	 * To be awaited before `find` and `read`, once it is known that this reader may: wakes a path that sleeps, and resolves
	 * when it has pictures; at once where it has a publisher or cannot be woken. Rejects with `Refused` where there are
	 * none within `startTimeout`, somebody says stop, or this reader was sent away by a stop a moment ago.
	 */
	wanted(name: PathName, by: Visitor): Promise<void> {
		return this.demand.wanted(name, by);
	}

	/** The path's stream, for a reader that must know the tracks before it reads. Throws `Refused`. */
	find(name: PathName): Stream {
		const stream = this.#paths.get(name)?.stream;
		if (!stream) throw this.#absent(name);
		return stream;
	}

	/** Takes a reader in. `tracks` are indices of the stream's tracks. Throws `Refused`. */
	read(name: PathName, tracks: readonly number[], info: ReaderInfo, events: ReaderEvents): Reader {
		const path = this.#paths.get(name);
		if (!path) throw this.#absent(name);
		return path.read(tracks, info, events);
	}

	/** Calls `listener` with each event until the returned function is called. */
	listen(listener: (event: HubEvent) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Ends everybody. */
	close(reason: string): void {
		this.demand.close(reason);
		for (const path of [...this.#paths.values()]) path.close(reason);
	}

	#absent(name: PathName): Refused {
		const why = this.sourceFaults.has(name) ? `: ${NO_SOURCE}` : "";
		return new Refused("absent", `nobody publishes to "${name}"${why}`);
	}

	#create(name: PathName): Path {
		const found = this.#options.settings(name);
		if (!found) throw new Refused("forbidden", `the configuration has no path that "${name}" fits`);
		if (this.#paths.size >= this.#options.maxPaths) {
			throw new Refused("full", `there are ${this.#paths.size} paths, the most there may be`);
		}
		const path = new Path(name, found.key, found.settings, this.clock, this.#pathEvents);
		this.#paths.set(name, path);
		return path;
	}

	#emit(event: HubEvent): void {
		for (const listener of this.#listeners) listener(event);
	}

	#makePathEvents(): PathEvents {
		return {
			published: (path) => {
				this.#emit({ at: "published", path, publication: path.publication! });
				this.demand.published(path.name, path.publication!.info);
			},
			unpublished: (path, reason) => {
				this.#emit({ at: "unpublished", path, reason });
				this.demand.unpublished(path.name, reason);
			},
			joined: (path, reader) => {
				this.#emit({ at: "joined", path, reader });
				this.demand.joined(path.name, reader);
			},
			left: (path, reader) => {
				this.#emit({ at: "left", path, reader });
				this.demand.left(path.name, reader);
			},
			keyFrameOf: (path, publisher) => this.demand.keyFrameOf(path.name, publisher),
			empty: (path) => {
				if (this.#paths.get(path.name) === path) this.#paths.delete(path.name);
			},
			createStream: (path, tracks) => this.#createStream(path, tracks),
		};
	}

	#createStream({ name, settings }: Path, tracks: readonly Track[]): Stream {
		try {
			const { pool, transcoder } = this.#options;
			return new Stream(name, pool, tracks, settings, this.clock, this.statistics, this.#batches, transcoder);
		} catch (error) {
			if (error instanceof RangeError) throw new Refused("full", error.message);
			throw error;
		}
	}
}
