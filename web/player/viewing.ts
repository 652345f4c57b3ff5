import { attempt } from "./attempt.ts";
import { Gauge } from "./gauge.ts";
import { Ladder } from "./ladder.ts";
import type { BrowserMemory } from "./memory.ts";
import { patience } from "./meter.ts";
import { type Place, probe } from "./relay.ts";
import { Screen } from "./screen.ts";
import { type Event, type State, step } from "./state.ts";
import type { Failure, Source, Target } from "./transport.ts";
import { rungsTo } from "./ways.ts";

const UNSEEN_PATIENCE_MS = 3500;

/** What is watched. */
export interface Aim {
	readonly place: Place;
	readonly memory: BrowserMemory;
}

/** What a viewing asks and tells the element that shows it. */
export interface ViewingEvents {
	/** With what right and by which servers: asked for each attempt, since a page may change it meanwhile. */
	means(): Omit<Target, "endpoint">;
	/** The state has another name. */
	entered(state: State): void;
	/** There are new figures. */
	measured(): void;
	/** Something else that is shown may have changed. */
	changed(): void;
}

/** One stream being watched: does what the state machine says, by the ways of a ladder, onto a screen. */
export class Viewing {
	/** Null where it is not known yet, or the attributes name nothing. */
	aim: Aim | null = null;
	/** Tracks that cannot be shown, as sentences. */
	leftOut: readonly string[] = [];
	/** The browser wants a tap before it plays. */
	needsTap = false;
	readonly gauge = new Gauge();
	readonly screen: Screen = new Screen({
		onPicture: (source, now) => this.#ladder?.pictured(source, now),
		onSeen: () => this.#seen(),
		onBlocked: () => this.#block(true),
	});
	readonly #events: ViewingEvents;
	#state: State = { at: "idle" };
	#ladder: Ladder | null = null;

	constructor(events: ViewingEvents) {
		this.#events = events;
	}

	get state(): State {
		return this.#state;
	}

	/** Begins to watch, by itself or because the viewer says so; does nothing while it does, or without an aim. */
	start(type: "start" | "press"): void {
		if (this.aim) this.send({ type });
	}

	/** Ends watching. The last picture stays. */
	stop(): void {
		this.send({ type: "stop" });
	}

	/** Now is a good moment to try again. */
	wake(): void {
		this.#ladder?.hurry();
		this.send({ type: "wake" });
	}

	/** The viewer has tapped. */
	tap(): void {
		this.#block(false);
		this.screen.play();
	}

	/** To be called four times a second. */
	tick(): void {
		const now = performance.now();
		if (this.#ladder) attempt(this.#measure(this.#ladder));
		const quietFor = now - (this.screen.lastPicture ?? now);
		// Pictures of which the browser does not tell are only counted, once a second.
		const patient = Math.max(patience(this.screen.interval), this.screen.tells ? 0 : UNSEEN_PATIENCE_MS);
		this.send({ type: "tick", quietFor, patience: patient });
		if (this.#state.at !== "live") this.#events.changed();
	}

	/** Something has happened: the state machine says what follows. */
	send(event: Event): void {
		const before = this.#state;
		const { state, actions } = step(before, event, { now: performance.now(), random: Math.random() });
		this.#state = state;
		for (const action of actions) this.#do(action.do);
		if (state.at !== before.at) this.#events.entered(state);
	}

	#do(action: "open" | "close" | "probe" | "repair"): void {
		switch (action) {
			case "open":
				if (this.aim) this.#open(this.aim);
				break;
			case "close":
				this.screen.keep();
				this.screen.halt();
				this.#ladder?.stop();
				this.#ladder = null;
				this.gauge.reset();
				break;
			case "probe":
				if (this.aim) attempt(this.#probe(this.aim.place));
				break;
			case "repair":
				if (this.#ladder) attempt(this.#ladder.repair());
				break;
		}
	}

	#open({ place, memory }: Aim): void {
		const ours = () => ladder === this.#ladder;
		const pressed = () => this.#state.at === "connecting" && this.#state.pressed;
		const ladder: Ladder = new Ladder(
			rungsTo({ endpoint: place.endpoint, ...this.#events.means() }, pressed),
			{
				media: (source) => ours() && this.screen.add(source),
				show: (source) => ours() && this.#show(source),
				drop: (source) => ours() && this.screen.drop(source),
				leftOut: (sentences) => {
					this.leftOut = sentences;
				},
				failed: (failure) => ours() && this.#failed(failure, memory),
				busy: () => document.hidden || this.screen.isAway,
				waking: () => this.#state.at === "connecting" && this.#state.waking !== null,
			},
			memory,
		);
		this.#ladder = ladder;
		ladder.start();
	}

	/** From now on the pictures come another way: its counters have begun anew. */
	#show(source: Source): void {
		this.gauge.reset();
		this.screen.show(source);
		this.#events.changed();
	}

	#failed(failure: Failure, memory: BrowserMemory): void {
		if (failure.kind === "offline") memory.forget();
		this.send({ type: "failed", failure });
	}

	async #probe({ base, path }: Place): Promise<void> {
		const ladder = this.#ladder;
		const found = await probe(base, path, this.#events.means().token);
		if (ladder === this.#ladder) this.send({ type: "probed", found });
	}

	async #measure(ladder: Ladder): Promise<void> {
		const taken = await this.gauge.take(() => ladder.stats());
		if (!taken || ladder !== this.#ladder) return;
		if (!this.screen.tells) this.screen.decoded(taken.decoded);
		if (taken.behind) this.send({ type: "behind" });
		this.#events.measured();
	}

	#seen(): void {
		if (this.needsTap) this.#block(false);
		if (this.#state.at !== "live") this.send({ type: "picture" });
	}

	#block(blocked: boolean): void {
		this.needsTap = blocked;
		this.#events.changed();
	}
}
