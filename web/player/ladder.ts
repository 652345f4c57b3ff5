/**
 * The ways to a picture, best first. Where one has none after 2 s the next begins beside it, and the first picture wins;
 * where one fails the next begins at once. Later a better one is tried again behind what is seen, and takes its place
 * when its pictures have come for a second.
 */
import type { Memory } from "./memory.ts";
import type { Failure, Sample, Source, Transport, TransportEvents } from "./transport.ts";

export interface Rung {
	readonly name: string;
	/** Not a way of its own but a better one of the rung with this name, to come back to. */
	readonly betters?: string;
	make(events: TransportEvents): Transport;
}

/** What the ladder tells. After `failed` it tells nothing more. */
export interface LadderEvents {
	/** A source begins: it plays out of sight until it is to be shown. May be told twice. */
	media(source: Source): void;
	/** What is to be seen from now on; all others are over. */
	show(source: Source): void;
	/** A source is over that is not seen. */
	drop(source: Source): void;
	/** Tracks that do not come on the way that is shown. */
	leftOut(sentences: readonly string[]): void;
	failed(failure: Failure): void;
	/** Whether this is no moment to change what is seen: nobody looks, or a window of the video's own shows it. */
	busy(): boolean;
	/** Whether the relay itself waits for pictures: another way would have to wait as well. */
	waking(): boolean;
}

interface Attempt {
	readonly rung: Rung;
	readonly transport: Transport;
	source: Source | null;
	pictures: number;
	leftOut: readonly string[];
}

/** A better way that is tried behind what is seen. */
interface Candidate extends Attempt {
	/** When its first picture came, and how many the other one had shown by then. */
	begun: { readonly at: number; readonly shown: number; readonly pictures: number } | null;
	/** Of that moment; null until it is there. */
	sample: Sample | null;
	weighing: boolean;
}

/** On links that lose packets a handshake takes 4 s: the next way must not wait for it. */
const NEXT_MS = 2000;
/** Before a better way is tried again: longer each time. */
const FIRST_BACK_MS = 10_000;
const BACK_FACTOR = 2;
const MOST_BACK_MS = 300_000;
/** After a change that may have opened it. */
const HURRY_MS = 500;
/** A better way must show pictures within this time, and as many as the other one for the second time. */
const TRIAL_MS = 10_000;
const PROOF_MS = 1000;
const PROOF_SHARE = 0.8;
/** Pictures that wait longer than this are older than those of the other way: seconds, mean of that time. */
const MOST_WAIT_S = 0.5;

const unplayable: Failure = { kind: "refused", reason: "This browser cannot play it.", lasting: true };

/** What another way of the same relay would be told as well. */
const final = new Set<Failure["kind"]>(["offline", "stopped", "full", "unauthorised"]);

export class Ladder {
	readonly #rungs: readonly Rung[];
	readonly #events: LadderEvents;
	readonly #memory: Memory;
	/** Rungs that have not been tried yet. */
	#ahead: Rung[] = [];
	/** Better ones that are still to be tried in this round. */
	#next: Rung[] = [];
	#running: Attempt[] = [];
	/** The one whose pictures are seen. */
	#shown: Attempt | null = null;
	#candidate: Candidate | null = null;
	/** By which way its pictures come, as far as is known. */
	#way: Sample["way"] = null;
	#ended = false;
	#failure: Failure | null = null;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#backMs = FIRST_BACK_MS;

	/** `rungs` from the best on; what worked last comes first, what this stream was refused does not come. */
	constructor(rungs: readonly Rung[], events: LadderEvents, memory: Memory) {
		this.#rungs = rungs;
		this.#events = events;
		this.#memory = memory;
	}

	get ended(): boolean {
		return this.#ended;
	}

	start(): void {
		if (this.#rungs.some(({ name }) => this.#memory.isRefused(name))) void this.#review().then(() => this.#begin());
		else this.#begin();
	}

	stop(): void {
		this.#ended = true;
		clearTimeout(this.#timer);
		this.#candidate?.transport.stop();
		for (const { transport } of this.#running) transport.stop();
		this.#running = [];
	}

	/** Tries to find a way again without starting over; false when there is no such means. */
	async repair(): Promise<boolean> {
		return this.#shown?.transport.repair() ?? false;
	}

	/** Of what is seen, or of what may be seen first. */
	async stats(): Promise<Sample | null> {
		const attempt = this.#shown ?? this.#running.find(({ source }) => source !== null);
		const sample = (await attempt?.transport.stats()) ?? null;
		if (sample && attempt === this.#shown) this.#way = sample.way;
		return sample;
	}

	/** The source had a new picture, in sight or out of it; `now` in milliseconds of a monotonic clock. */
	pictured(source: Source, now: number): void {
		const candidate = this.#candidate;
		if (candidate?.source === source) {
			candidate.pictures++;
			this.#weigh(candidate, now);
			return;
		}
		const attempt = this.#running.find((one) => one.source === source);
		if (!attempt) return;
		attempt.pictures++;
		if (!this.#shown) this.#win(attempt);
	}

	/** The network has changed, or somebody looks again: a better way may be open now. */
	hurry(): void {
		if (!this.#shown || this.#candidate || this.#ended) return;
		this.#backMs = FIRST_BACK_MS;
		this.#comeBackIn(HURRY_MS);
	}

	#begin(): void {
		const ways = this.#rungs.filter(({ betters }) => !betters);
		const open = ways.filter(({ name }) => !this.#memory.isRefused(name));
		const last = this.#memory.recall();
		this.#ahead = (open.length > 0 ? open : ways).sort((a, b) => Number(b.name === last) - Number(a.name === last));
		this.#climb();
	}

	#climb(): void {
		clearTimeout(this.#timer);
		const rung = this.#ahead.shift();
		if (!rung || this.#ended || this.#shown) return;
		this.#climbLater();
		this.#try(rung, (attempt) => this.#running.push(attempt));
	}

	#climbLater(): void {
		this.#timer = setTimeout(() => (this.#events.waking() ? this.#climbLater() : this.#climb()), NEXT_MS);
	}

	#try(rung: Rung, take: (attempt: Attempt) => void): void {
		const transport: Transport = rung.make({
			media: (source) => {
				if (!this.#runs(attempt)) return;
				attempt.source = source;
				this.#events.media(source);
			},
			leftOut: (sentences) => {
				attempt.leftOut = sentences;
				if (attempt === this.#shown) this.#events.leftOut(sentences);
			},
			failed: (failure) => this.#failed(attempt, failure),
		});
		const attempt: Attempt = { rung, transport, source: null, pictures: 0, leftOut: [] };
		take(attempt);
		transport.start().catch(() => this.#failed(attempt, unplayable));
	}

	#runs(attempt: Attempt): boolean {
		return !this.#ended && (this.#candidate === attempt || this.#running.includes(attempt));
	}

	#win(attempt: Attempt): void {
		const { source, rung } = attempt;
		if (!source) return;
		clearTimeout(this.#timer);
		for (const other of this.#running) if (other !== attempt) this.#end(other);
		this.#running = [attempt];
		this.#shown = attempt;
		this.#way = null;
		// What only this stream was refused says nothing of the network.
		const refused = this.#rungs.some(({ name }) => this.#memory.isRefused(name));
		if (!refused) this.#memory.remember(rung.betters ?? rung.name);
		this.#events.show(source);
		this.#events.leftOut(attempt.leftOut);
		// Where what worked last came first, the better ways have not had their turn.
		const untried = this.#ahead.some((one) => this.#rungs.indexOf(one) < this.#rungs.indexOf(rung));
		this.#comeBackIn(untried ? NEXT_MS : this.#backMs);
	}

	#end({ transport, source }: Attempt): void {
		transport.stop();
		if (source) this.#events.drop(source);
	}

	#failed(attempt: Attempt, failure: Failure): void {
		if (!this.#runs(attempt)) return;
		if (failure.lasting) this.#memory.refuse(attempt.rung.name);
		if (attempt === this.#candidate) {
			this.#giveUp(attempt);
			return;
		}
		this.#running = this.#running.filter((one) => one !== attempt);
		// WebSocket cannot tell why it was not let in: another way's reason says more.
		if (!this.#failure || this.#failure.kind === "unreachable") this.#failure = failure;
		if (attempt === this.#shown || final.has(failure.kind)) {
			this.#give(failure);
			return;
		}
		if (attempt.source) this.#events.drop(attempt.source);
		if (this.#ahead.length > 0) this.#climb();
		else if (this.#running.length === 0) this.#give(this.#failure);
	}

	#give(failure: Failure): void {
		this.stop();
		this.#events.failed(failure);
	}

	#comeBackIn(ms: number): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#comeBack(), ms);
	}

	/** What is better than what is shown, best first. */
	#better(): Rung[] {
		const shown = this.#shown?.rung;
		if (!shown || shown.betters) return [];
		const above = this.#rungs.slice(0, this.#rungs.indexOf(shown)).filter(({ name }) => !this.#memory.isRefused(name));
		return above.filter(({ betters }) => (betters === shown.name ? this.#way === "tcp" : !betters));
	}

	#comeBack(): void {
		if (this.#events.busy()) this.#comeBackIn(this.#backMs);
		else void this.#review().then(() => this.#tryBetter(this.#better()));
	}

	/** A relay that does not answer leaves what was refused refused. */
	#review(): Promise<void> {
		return this.#memory.review().catch(() => undefined);
	}

	#tryBetter(rungs: Rung[]): void {
		const rung = rungs.shift();
		if (this.#ended || this.#candidate) return;
		if (!rung) {
			this.#backMs = Math.min(MOST_BACK_MS, this.#backMs * BACK_FACTOR);
			this.#comeBackIn(this.#backMs);
			return;
		}
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#candidate && this.#giveUp(this.#candidate), TRIAL_MS);
		this.#next = rungs;
		this.#try(rung, (attempt) => {
			this.#candidate = Object.assign(attempt, { begun: null, sample: null, weighing: false });
		});
	}

	#giveUp(candidate: Attempt): void {
		this.#candidate = null;
		this.#end(candidate);
		this.#tryBetter(this.#next);
	}

	/** Whether a better way has shown pictures for a while, and enough of them. */
	#weigh(candidate: Candidate, now: number): void {
		const shown = this.#shown?.pictures ?? 0;
		if (!candidate.begun) {
			candidate.begun = { at: now, shown, pictures: candidate.pictures };
			void sampleOf(candidate).then((sample) => {
				candidate.sample = sample;
			});
		}
		const { begun } = candidate;
		if (now - begun.at < PROOF_MS || candidate.weighing || this.#events.busy()) return;
		if (candidate.pictures - begun.pictures + 1 < PROOF_SHARE * (shown - begun.shown)) return;
		candidate.weighing = true;
		void this.#judge(candidate);
	}

	/** Takes the better way if its pictures came without delay; else it has another second. */
	async #judge(candidate: Candidate): Promise<void> {
		const sample = await sampleOf(candidate);
		candidate.weighing = false;
		const isPrompt = meanWait(candidate.sample, sample) <= MOST_WAIT_S;
		// A TURN server may have been reached by TCP all the same.
		const isBetter = !candidate.rung.betters || sample?.way === "udp";
		if (isPrompt && isBetter) this.#takeOver(candidate);
		else candidate.begun = null;
	}

	#takeOver(candidate: Candidate): void {
		if (this.#ended || this.#candidate !== candidate) return;
		this.#candidate = null;
		this.#backMs = FIRST_BACK_MS;
		this.#running.push(candidate);
		this.#win(candidate);
	}
}

function sampleOf({ transport }: Attempt): Promise<Sample | null> {
	return transport.stats().catch(() => null);
}

/** Seconds that pictures waited between two samples. */
function meanWait(before: Sample | null, now: Sample | null): number {
	const pictures = (now?.bufferEmitted ?? 0) - (before?.bufferEmitted ?? 0);
	return pictures > 0 ? ((now?.bufferDelay ?? 0) - (before?.bufferDelay ?? 0)) / pictures : 0;
}
