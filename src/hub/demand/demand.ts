import type { FoundSettings } from "../../config/path-settings.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Clock } from "../clock.ts";
import { newId, type Path, type PublisherInfo } from "../path.ts";
import type { Reader } from "../reader.ts";
import { Refused } from "../refused.ts";
import { type Before, Camera, type CameraTools, type Started, type StartRequest, type Visitor } from "./camera.ts";
import type { DriverOffer } from "./driver.ts";
import type { CameraView, DemandEvent, KeptHold } from "./view.ts";
import type { Wanter } from "./wants.ts";

/** Keeps starts over a restart of the relay. */
export interface HoldStore {
	load(path: PathName): readonly KeptHold[];
	/** Takes the place of what was kept for that path. */
	save(path: PathName, holds: readonly KeptHold[]): void;
}

export interface DemandOptions {
	readonly clock: Clock;
	readonly settings: (name: PathName) => FoundSettings | undefined;
	/** The path in the hub, while somebody publishes or reads. */
	readonly path: (name: PathName) => Path | undefined;
	readonly maxPaths: number;
	/** Left out, starts are forgotten when the relay ends. */
	readonly holds?: HoldStore | undefined;
}

/** Gives a driver for a path that nobody registered one for; undefined for none. */
export type DriverFinder = (name: PathName, found: FoundSettings) => DriverOffer | undefined;

interface Entry {
	readonly camera: Camera;
	/** Made by the finder for whoever came: forgotten when it sleeps. */
	readonly isPassing: boolean;
}

/** Knows which paths can be woken, and who wants which of them (ARCHITECTURE.md, Demand). */
export class Demand {
	/** Counted over all paths. */
	readonly counters = { starts: 0, stops: 0, failures: 0 };
	readonly #options: DemandOptions;
	readonly #entries = new Map<PathName, Entry>();
	/** Who wants a path whatever happens to it, by an id. */
	readonly #standing = new Map<PathName, Map<string, Wanter>>();
	readonly #listeners = new Set<(event: DemandEvent) => void>();
	#find: DriverFinder = () => undefined;

	constructor(options: DemandOptions) {
		this.#options = options;
	}

	/** Gives a path a driver; the returned function takes it away. Throws `Refused` where it has one, or there are too many. */
	drive(name: PathName, offer: DriverOffer): () => void {
		const found = this.#options.settings(name);
		if (!found) throw new Refused("forbidden", `the configuration has no path that "${name}" fits`);
		if (this.#entries.has(name)) throw new Refused("in use", `"${name}" has a driver already`);
		this.#checkRoom();
		const entry = this.#add(name, found, offer, false);
		return () => this.#remove(name, entry, "its driver is gone");
	}

	/** What finds drivers for paths without one, when somebody wants them. */
	findWith(find: DriverFinder): void {
		this.#find = find;
	}

	/** See `Hub.wanted`. */
	async wanted(name: PathName, by: Visitor): Promise<void> {
		const known = this.#entries.get(name);
		if (!known && this.#options.path(name)?.publication) return;
		await (known ?? this.#passing(name))?.camera.visit(by);
	}

	/** Whether pictures of a path are on their way. */
	isAwaited(name: PathName): boolean {
		const state = this.#entries.get(name)?.camera.state;
		return state === "starting" || state === "error";
	}

	/**
	 * Wants a path until the returned function is called, whether there are pictures or not, and whether it can be woken
	 * already or only later.
	 */
	want(name: PathName, by: Wanter): () => void {
		const id = newId();
		const standing = this.#standing.get(name) ?? new Map<string, Wanter>();
		this.#standing.set(name, standing.set(id, by));
		this.#camera(name)?.read(id, by);
		return () => {
			standing.delete(id);
			this.#entries.get(name)?.camera.left(id);
		};
	}

	/** Somebody says start. Throws `Refused` where the path cannot be woken. */
	start(name: PathName, request: StartRequest): Started {
		const camera = this.#camera(name);
		if (camera) return camera.start(request);
		if (this.#options.path(name)?.publication) return { before: "live", pictures: Promise.resolve() };
		throw new Refused("absent", `nothing is known that could start "${name}"`);
	}

	/**
	 * Somebody says stop: ends those who read or wait, with that reason, and puts the path to sleep unless another than
	 * its driver publishes. Gives what was there before: `idle` where there was nothing to stop.
	 */
	stop(name: PathName, by: Wanter): Before {
		const camera = this.#entries.get(name)?.camera;
		if (camera) return camera.stop(by);
		// A robot that comes back after a restart of the relay is not to find the start that is over now.
		if (this.#options.holds?.load(name).length) this.#options.holds.save(name, []);
		const stream = this.#options.path(name)?.stream;
		if (!stream) return "idle";
		for (const reader of [...stream.readers]) reader.end(`stopped by ${by.user || by.type}`);
		return "live";
	}

	/** Takes a start of that type back, without a stop: others may want the path still. */
	release(name: PathName, type: string): void {
		this.#entries.get(name)?.camera.release(type);
	}

	/** One path; undefined where it cannot be woken. */
	get(name: PathName): CameraView | undefined {
		return this.#entries.get(name)?.camera.view;
	}

	/** All paths that can be woken, by name. */
	list(): readonly CameraView[] {
		return [...this.#entries.values()].map(({ camera }) => camera.view).sort((a, b) => (a.path < b.path ? -1 : 1));
	}

	/** Calls `listener` with each event until the returned function is called. */
	listen(listener: (event: DemandEvent) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Asked by the hub for each publisher. Throws `Refused`. */
	check(name: PathName, publisher: PublisherInfo): void {
		if (!this.#entries.get(name)?.camera.isUnwanted(publisher)) return;
		throw new Refused("unwanted", `nobody wants "${name}" now`);
	}

	/** What asks for a key frame where a publisher cannot be asked itself; undefined for nothing. */
	keyFrameOf(name: PathName, publisher: PublisherInfo): (() => void) | undefined {
		return this.#entries.get(name)?.camera.keyFrameOf(publisher);
	}

	/** Told by the hub. */
	published(name: PathName, publisher: PublisherInfo): void {
		this.#entries.get(name)?.camera.published(publisher);
	}

	/** Told by the hub. */
	unpublished(name: PathName, reason: string): void {
		this.#entries.get(name)?.camera.unpublished(reason);
	}

	/** Told by the hub. */
	joined(name: PathName, { info }: Reader): void {
		if (!info.passive) this.#entries.get(name)?.camera.read(info.id, info);
	}

	/** Told by the hub. */
	left(name: PathName, { info }: Reader): void {
		this.#entries.get(name)?.camera.left(info.id);
	}

	/** Ends all waiting and all drivers. What was started is kept. */
	close(reason: string): void {
		for (const { camera } of this.#entries.values()) camera.close(reason);
		this.#entries.clear();
	}

	#camera(name: PathName): Camera | undefined {
		return (this.#entries.get(name) ?? this.#passing(name))?.camera;
	}

	#passing(name: PathName): Entry | undefined {
		const found = this.#options.settings(name);
		const offer = found && this.#find(name, found);
		if (!offer) return undefined;
		this.#checkRoom();
		return this.#add(name, found, offer, true);
	}

	#checkRoom(): void {
		const { size } = this.#entries;
		if (size >= this.#options.maxPaths) throw new Refused("full", `${size} paths can be woken, the most there may be`);
	}

	#add(name: PathName, { settings }: FoundSettings, offer: DriverOffer, isPassing: boolean): Entry {
		const { clock, path, holds } = this.#options;
		const tools: CameraTools = {
			clock,
			path: () => path(name),
			tell: (event) => this.#tell(event),
			keep: (kept) => holds?.save(name, kept),
			empty: () => entry.isPassing && this.#remove(name, entry, "it sleeps"),
		};
		const entry = { camera: new Camera(name, settings, tools, offer), isPassing };
		this.#entries.set(name, entry);
		entry.camera.begin(holds?.load(name) ?? []);
		for (const [id, by] of this.#standing.get(name) ?? []) entry.camera.read(id, by);
		return entry;
	}

	#remove(name: PathName, entry: Entry, reason: string): void {
		if (this.#entries.get(name) !== entry) return;
		this.#entries.delete(name);
		entry.camera.close(reason);
	}

	#tell(event: DemandEvent): void {
		if (event.at === "phase" && event.to === "starting") this.counters.starts++;
		if (event.at === "phase" && event.to === "stopping") this.counters.stops++;
		if (event.at === "phase" && event.to === "error") this.counters.failures++;
		for (const listener of this.#listeners) listener(event);
	}
}
