import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { Gauge } from "./gauge.ts";
import { Ladder } from "./ladder.ts";
import { BrowserMemory } from "./memory.ts";
import { patience, type Reading } from "./meter.ts";
import { identify, locate, type Place, parseIceServers, pathOfId, probe, sleeps } from "./relay.ts";
import { canFullscreen, download, isFullscreen, Screen, toggleFullscreen } from "./screen.ts";
import { type Event as PlayerEvent, type State, step } from "./state.ts";
import { styles } from "./styles.ts";
import { attend } from "./surroundings.ts";
import type { Failure, Source } from "./transport.ts";
import { badge, controls, notice, statistics, type View } from "./view.ts";
import { rungsTo } from "./ways.ts";
import { aimless, describe } from "./words.ts";

const TICK_MS = 250;
const UNSEEN_PATIENCE_MS = 3500;
/** Controls fade after this long without a move over a live picture. */
const IDLE_MS = 2600;

const off = (value: string | null): boolean => value === "off" || value === "false" || value === "none";
const switchable = { fromAttribute: (value: string | null) => value === null || !off(value) };

/**
 * `<vedette-player>`: shows one stream of a relay and tells the truth about it. docs/player.md describes attributes,
 * methods and events.
 */
export class VedettePlayer extends LitElement {
	static override styles = styles;
	static override properties = {
		src: {},
		address: {},
		path: {},
		camera: {},
		signaling: {},
		token: {},
		iceServers: { attribute: "ice-servers" },
		icePolicy: { attribute: "ice-policy" },
		controls: { converter: switchable },
		muted: { converter: switchable },
		autostart: { converter: switchable },
		login: {},
	};

	declare src: string;
	declare address: string;
	declare path: string;
	declare camera: string;
	declare signaling: string;
	declare token: string;
	/** JSON or addresses between spaces; a page may also set an array. Empty asks the relay. */
	declare iceServers: string | RTCIceServer[];
	declare icePolicy: RTCIceTransportPolicy;
	declare controls: boolean;
	declare muted: boolean;
	/** Whether a camera that sleeps is woken without a word of the viewer. */
	declare autostart: boolean;
	/** Where the notice "Sign in to watch" leads; empty for no link. */
	declare login: string;

	/** Where the relay is when no attribute says it: where this script came from. */
	static home = new URL(import.meta.url).origin;

	#state: State = { at: "idle" };
	#ladder: Ladder | null = null;
	#place: Place | null = null;
	/** A camera's id is being looked up. */
	#aiming = false;
	#memory: BrowserMemory | null = null;
	#leftOut: readonly string[] = [];
	#needsTap = false;
	#showStats = false;
	#idle = false;
	#timer: ReturnType<typeof setInterval> | undefined;
	#idleTimer: ReturnType<typeof setTimeout> | undefined;
	#release: (() => void) | undefined;
	/** Stopped because nobody looked, not because the viewer said so. */
	#resting = false;
	readonly #gauge = new Gauge();
	readonly #screen = new Screen({
		onPicture: (source, now) => this.#ladder?.pictured(source, now),
		onSeen: () => this.#seen(),
		onBlocked: () => this.#block(true),
	});

	constructor() {
		super();
		for (const key of ["src", "address", "path", "camera", "signaling", "token", "iceServers", "login"] as const)
			this[key] = "";
		this.icePolicy = "all";
		this.controls = true;
		this.muted = true;
		this.autostart = true;
	}

	/** The state's name: idle, connecting, live, stalled, waiting or unauthorised. */
	get state(): State["at"] {
		return this.#state.at;
	}

	/** Figures of the last second; null before the first. */
	get reading(): Reading | null {
		return this.#gauge.reading;
	}

	/** The element that shows the pictures; another one takes its place when they begin to come another way. */
	get video(): HTMLVideoElement {
		return this.#screen.video;
	}

	/** Begins to watch; does nothing while it does. */
	start(): void {
		this.#watch("start");
	}

	/** Ends watching. The last picture stays. */
	stop(): void {
		this.#send({ type: "stop" });
	}

	/** Says that now is a good moment to try again, for instance because the stream was announced. */
	wake(): void {
		this.#ladder?.hurry();
		this.#send({ type: "wake" });
	}

	/** The picture as PNG; null before the first. */
	snapshot(): Promise<Blob | null> {
		return this.#screen.png(this.#state.at === "live");
	}

	/** Does what a key does; false for a key that means nothing here. */
	press(key: string): boolean {
		const act = this.#keys[key.toLowerCase()];
		if (!act) return false;
		act();
		this.#stir();
		this.requestUpdate();
		return true;
	}

	override connectedCallback(): void {
		super.connectedCallback();
		this.#timer = setInterval(() => this.#tick(), TICK_MS);
		this.#release = attend({
			wake: () => {
				if (this.#resting) this.start();
				// What is not watched sleeps on: nobody has said start.
				else if (this.#state.at !== "idle") this.wake();
			},
			leave: () => this.stop(),
			comeBack: () => this.#begin(),
			unseen: () => this.#rest(),
			fullscreen: () => this.requestUpdate(),
		});
		if (this.hasUpdated) this.#begin();
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		clearInterval(this.#timer);
		clearTimeout(this.#idleTimer);
		this.#release?.();
		this.stop();
		this.#screen.clear();
	}

	override willUpdate(changed: PropertyValues<this>): void {
		if (changed.has("muted")) this.#screen.video.muted = this.muted;
		const aim = ["src", "address", "path", "camera", "signaling", "token"] as const;
		if (!aim.some((key) => changed.has(key))) return;
		this.stop();
		this.#place = null;
		this.#aiming = true;
		attempt(this.#aim());
	}

	override render(): TemplateResult {
		const view = this.#view();
		const { at } = this.#state;
		const showing = at === "live" || at === "stalled" || this.#screen.lastPicture === null;
		const stage = [
			"stage",
			showing ? "" : "still",
			at === "live" ? "" : "dim",
			this.#idle && at === "live" ? "idle" : "",
		];
		return html`<div
			class=${stage.join(" ")}
			part="stage"
			role="group"
			aria-label=${`Camera ${this.#name()}`}
			tabindex="0"
			@keydown=${this.#onKey}
			@pointermove=${this.#stir}
			@focusin=${this.#stir}
			@click=${this.#onClick}
			@dblclick=${this.#onDouble}
		>
			${this.#screen.element} ${notice(view)} ${badge(view)} ${statistics(view)}
			${this.controls ? controls(view) : nothing}
			<div class="said" role="status">${view.words.label}. ${at === "live" ? "" : view.words.detail}</div>
		</div>`;
	}

	readonly #keys: Readonly<Record<string, () => void>> = {
		" ": () => (this.#state.at === "idle" ? this.#watch("press") : this.stop()),
		m: () => this.#mute(!this.#screen.video.muted),
		f: () => attempt(toggleFullscreen(this, this.#screen.video)),
		p: () => attempt(this.#screen.togglePicture()),
		s: () => attempt(this.#save()),
		i: () => {
			this.#showStats = !this.#showStats;
		},
		tap: () => {
			this.#block(false);
			this.#screen.play();
		},
	};

	/** Begins to watch, by itself or because the viewer says so. */
	#watch(type: "start" | "press"): void {
		this.#resting = false;
		if (this.#place) this.#send({ type });
	}

	/** Nobody looks: stops until somebody does. */
	#rest(): void {
		if (this.#state.at === "idle" || this.#screen.inPicture || !this.#screen.video.muted) return;
		this.stop();
		this.#resting = true;
	}

	readonly #onKey = (event: KeyboardEvent): void => {
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		// A focused button has its own use for the space bar.
		const onButton = event.key === " " && event.composedPath()[0] instanceof HTMLButtonElement;
		if (!onButton && this.press(event.key)) event.preventDefault();
	};

	readonly #stir = (): void => {
		clearTimeout(this.#idleTimer);
		if (this.#idle) {
			this.#idle = false;
			this.requestUpdate();
		}
		this.#idleTimer = setTimeout(() => {
			// A button that has the keyboard's focus must not vanish under it.
			this.#idle = !this.#showStats && !this.renderRoot.querySelector(".bar :focus-visible");
			this.requestUpdate();
		}, IDLE_MS);
	};

	readonly #onClick = (): void => this.#stir();

	readonly #onDouble = (event: MouseEvent): void => {
		if (event.target instanceof HTMLVideoElement || event.target instanceof HTMLCanvasElement) this.press("f");
	};

	#attributes(): { src: string; address: string; path: string; signaling: string } {
		return { src: this.src, address: this.address, path: this.path || this.camera, signaling: this.signaling };
	}

	/** Finds out where to watch, and begins. */
	async #aim(): Promise<void> {
		const { token, camera, path, src } = this;
		const attributes = this.#attributes();
		let place = locate(attributes, VedettePlayer.home);
		if (place && camera && !path && !src) {
			const found = await pathOfId(place.base, camera, token);
			// Meanwhile the page may have set another aim, or put the element away.
			if (!this.isConnected || camera !== this.camera || token !== this.token || this.path || this.src) return;
			place = locate({ ...attributes, path: found }, VedettePlayer.home);
		}
		this.#place = place;
		this.#aiming = false;
		const { base = "", path: name = "" } = place ?? {};
		this.#memory = place && new BrowserMemory(base, () => identify(base, name, token));
		this.requestUpdate();
		this.#begin();
	}

	/** Starts, unless that would wake a camera and the page says that its viewer is to be asked. */
	#begin(): void {
		const place = this.#place;
		if (this.autostart || !place) {
			this.start();
			return;
		}
		this.#send({ type: "asking" });
		void sleeps(place.base, place.path, this.token).then((asleep) => {
			if (place !== this.#place || this.#state.at !== "idle") return;
			if (asleep) this.#send({ type: "asleep" });
			else this.start();
			this.requestUpdate();
		});
	}

	#name(): string {
		return this.#place?.path || "stream";
	}

	#mute(muted: boolean): void {
		this.#screen.video.muted = muted;
		this.#screen.play();
	}

	#block(blocked: boolean): void {
		this.#needsTap = blocked;
		this.requestUpdate();
	}

	#seen(): void {
		if (this.#needsTap) this.#block(false);
		if (this.#state.at !== "live") this.#send({ type: "picture" });
	}

	#tick(): void {
		const now = performance.now();
		if (this.#ladder) attempt(this.#measure(this.#ladder));
		const quietFor = now - (this.#screen.lastPicture ?? now);
		// Pictures of which the browser does not tell are only counted, once a second.
		const patient = Math.max(patience(this.#screen.interval), this.#screen.tells ? 0 : UNSEEN_PATIENCE_MS);
		this.#send({ type: "tick", quietFor, patience: patient });
		if (this.#state.at !== "live") this.requestUpdate();
	}

	async #measure(ladder: Ladder): Promise<void> {
		const taken = await this.#gauge.take(() => ladder.stats());
		if (!taken || ladder !== this.#ladder) return;
		if (!this.#screen.tells) this.#screen.decoded(taken.decoded);
		if (taken.behind) this.#send({ type: "behind" });
		this.dispatchEvent(new CustomEvent("reading", { detail: this.#gauge.reading }));
		this.requestUpdate();
	}

	#send(event: PlayerEvent): void {
		const before = this.#state;
		const { state, actions } = step(before, event, { now: performance.now(), random: Math.random() });
		this.#state = state;
		for (const action of actions) this.#do(action.do);
		if (state.at === before.at) return;
		if (state.at === "live") this.#stir();
		this.requestUpdate();
		const { label, detail } = describe(state, this.#name());
		this.dispatchEvent(
			new CustomEvent("statechange", {
				detail: { state: state.at, label, reason: detail },
				bubbles: true,
				composed: true,
			}),
		);
	}

	#do(action: "open" | "close" | "probe" | "repair"): void {
		switch (action) {
			case "open":
				this.#open();
				break;
			case "close":
				this.#screen.keep();
				this.#screen.halt();
				this.#ladder?.stop();
				this.#ladder = null;
				this.#gauge.reset();
				break;
			case "probe":
				attempt(this.#probe());
				break;
			case "repair":
				if (this.#ladder) attempt(this.#ladder.repair());
				break;
		}
	}

	#open(): void {
		const { token, icePolicy } = this;
		const place = this.#place;
		const memory = this.#memory;
		if (!place || !memory) return;
		const iceServers = typeof this.iceServers === "string" ? parseIceServers(this.iceServers) : this.iceServers;
		const ours = () => ladder === this.#ladder;
		const pressed = () => this.#state.at === "connecting" && this.#state.pressed;
		const ladder: Ladder = new Ladder(
			rungsTo({ endpoint: place.endpoint, token, iceServers, icePolicy }, pressed),
			{
				media: (source) => ours() && this.#screen.add(source),
				show: (source) => ours() && this.#show(source),
				drop: (source) => ours() && this.#screen.drop(source),
				leftOut: (sentences) => {
					this.#leftOut = sentences;
				},
				failed: (failure) => ours() && this.#failed(failure),
				busy: () => document.hidden || this.#screen.isAway,
				waking: () => this.#state.at === "connecting" && this.#state.waking !== null,
			},
			memory,
		);
		this.#ladder = ladder;
		ladder.start();
	}

	/** From now on the pictures come another way: its counters have begun anew. */
	#show(source: Source): void {
		this.#gauge.reset();
		this.#screen.show(source);
		this.requestUpdate();
	}

	#failed(failure: Failure): void {
		if (failure.kind === "offline") this.#memory?.forget();
		this.#send({ type: "failed", failure });
	}

	async #probe(): Promise<void> {
		const place = this.#place;
		const ladder = this.#ladder;
		if (!place) return;
		const found = await probe(place.base, place.path, this.token);
		if (ladder === this.#ladder) this.#send({ type: "probed", found });
	}

	async #save(): Promise<void> {
		const png = await this.snapshot();
		if (!png) return;
		const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
		download(png, `${this.#name().replaceAll("/", "_")}_${stamp}.png`);
	}

	#view(): View {
		const { at } = this.#state;
		const { lastPicture, sinceCapture, sinceArrival, video } = this.#screen;
		return {
			words: this.#place || this.#aiming ? describe(this.#state, this.#name()) : aimless,
			name: this.#name(),
			age: lastPicture === null ? null : performance.now() - lastPicture,
			stalled: at === "stalled",
			running: at !== "idle",
			muted: video.muted,
			hasAudio: this.#screen.hasAudio,
			fullscreen: isFullscreen(this),
			canPicture: this.#screen.canPicture,
			canFullscreen: canFullscreen(video),
			needsTap: this.#needsTap,
			showStats: this.#showStats,
			reading: this.#gauge.reading,
			sinceCapture,
			sinceArrival,
			history: this.#gauge.history,
			leftOut: this.#leftOut,
			login: this.login,
			press: (key) => this.press(key),
		};
	}
}

/** What fails here (a window that was refused, a probe that came too late) has no consequence but that nothing happens. */
function attempt(work: Promise<unknown>): void {
	work.catch(() => {});
}
