/**
 * The ways to a picture, best first. Where one has none after 2 s the next begins beside it, and the first picture wins;
 * where one fails the next begins at once.
 */
import type { Failure, Feed, Sample, Transport, TransportEvents } from "./transport.ts";

export interface Rung {
	readonly name: string;
	make(events: TransportEvents): Transport;
}

/** What worked last. */
export interface Memory {
	recall(): string | null;
	remember(name: string): void;
}

interface Attempt {
	readonly name: string;
	readonly transport: Transport;
}

/** On links that lose packets a handshake takes 4 s: the next way must not wait for it. */
const NEXT_MS = 2000;

/** What another way of the same relay would be told as well. */
const final = new Set<Failure["kind"]>(["offline", "unauthorised"]);

export class Ladder implements Transport {
	readonly #rungs: Rung[];
	readonly #events: TransportEvents;
	readonly #memory: Memory;
	#running: Attempt[] = [];
	/** The one whose pictures the screen has been given. */
	#shown: Attempt | null = null;
	#won = false;
	#ended = false;
	#failure: Failure | null = null;
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** `rungs` from the best on; what worked last comes first. */
	constructor(rungs: readonly Rung[], events: TransportEvents, memory: Memory) {
		const name = memory.recall();
		this.#rungs = [...rungs].sort((a, b) => Number(b.name === name) - Number(a.name === name));
		this.#events = events;
		this.#memory = memory;
	}

	get state(): Transport["state"] {
		if (this.#ended) return "ended";
		return this.#shown?.transport.state ?? (this.#running.length > 0 ? "starting" : "new");
	}

	async start(): Promise<void> {
		this.#climb();
	}

	stop(): void {
		this.#ended = true;
		clearTimeout(this.#timer);
		for (const { transport } of this.#running) transport.stop();
		this.#running = [];
	}

	async repair(): Promise<boolean> {
		return this.#shown?.transport.repair() ?? false;
	}

	async stats(): Promise<Sample | null> {
		return this.#shown?.transport.stats() ?? null;
	}

	/** The screen shows a picture: the way that it came by is kept, the others end. */
	pictured(): void {
		if (this.#won || !this.#shown) return;
		this.#won = true;
		this.#keepOnly(this.#shown);
		this.#memory.remember(this.#shown.name);
	}

	#climb(): void {
		clearTimeout(this.#timer);
		const rung = this.#rungs.shift();
		if (!rung || this.#ended || this.#won) return;
		const transport: Transport = rung.make({
			media: (source) => this.#media(attempt, source),
			leftOut: (sentences) => this.#events.leftOut(sentences),
			failed: (failure) => this.#failed(attempt, failure),
		});
		const attempt: Attempt = { name: rung.name, transport };
		this.#running.push(attempt);
		this.#timer = setTimeout(() => this.#climb(), NEXT_MS);
		transport.start().catch(() => this.#failed(attempt, { kind: "refused", reason: "This browser cannot play it." }));
	}

	/** The first source is shown at once; another one takes its place when it has pictures. */
	#media(attempt: Attempt, source: MediaStream | Feed): void {
		if (this.#ended || !this.#running.includes(attempt)) return;
		const show = () => {
			this.#shown = attempt;
			this.#events.media(source);
		};
		if (!this.#shown || this.#shown === attempt) {
			show();
			return;
		}
		const take = () => {
			if (this.#won || this.#ended || !this.#running.includes(attempt)) return;
			this.#keepOnly(attempt);
			show();
		};
		const track = "attach" in source ? undefined : source.getVideoTracks()[0];
		if (track?.muted) track.addEventListener("unmute", take, { once: true });
		else if (track || "attach" in source) take();
	}

	#keepOnly(winner: Attempt): void {
		clearTimeout(this.#timer);
		for (const attempt of this.#running) if (attempt !== winner) attempt.transport.stop();
		this.#running = [winner];
	}

	#failed(attempt: Attempt, failure: Failure): void {
		if (this.#ended || !this.#running.includes(attempt)) return;
		this.#running = this.#running.filter((one) => one !== attempt);
		if (this.#shown === attempt) this.#shown = null;
		// WebSocket cannot tell why it was not let in: another way's reason says more.
		if (!this.#failure || this.#failure.kind === "unreachable") this.#failure = failure;
		if (this.#won || final.has(failure.kind)) this.#give(failure);
		else if (this.#rungs.length > 0) this.#climb();
		else if (this.#running.length === 0) this.#give(this.#failure);
	}

	#give(failure: Failure): void {
		this.stop();
		this.#events.failed(failure);
	}
}

/** After so long the best way is tried first again. */
const REMEMBERED_MS = 10 * 60_000;
const KEY = "vedette-way";

/** Remembers in the browser, for all streams of a relay; forgets at once where a page may keep nothing. */
export function browserMemory(base: string): Memory {
	const key = `${KEY} ${base}`;
	return {
		recall: () => {
			try {
				const [name, at] = (localStorage.getItem(key) ?? "").split(" ");
				return name && Date.now() - Number(at) < REMEMBERED_MS ? name : null;
			} catch {
				return null;
			}
		},
		remember: (name) => {
			try {
				localStorage.setItem(key, `${name} ${Date.now()}`);
			} catch {
				// A page that may keep nothing tries the best way first every time.
			}
		},
	};
}
