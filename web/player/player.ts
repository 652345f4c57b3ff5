import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { attempt } from "./attempt.ts";
import { Fading } from "./fading.ts";
import { BrowserMemory } from "./memory.ts";
import type { Reading } from "./meter.ts";
import { identify, locate, parseIceServers, pathOfId, sleeps } from "./relay.ts";
import { canFullscreen, download, isFullscreen, type Screen, toggleFullscreen } from "./screen.ts";
import type { State } from "./state.ts";
import { styles } from "./styles.ts";
import { attend } from "./surroundings.ts";
import type { Target } from "./transport.ts";
import { badge, controls, notice, statistics, type View } from "./view.ts";
import { Viewing } from "./viewing.ts";
import { aimless, describe } from "./words.ts";

const TICK_MS = 250;

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

	readonly #viewing = new Viewing({
		means: () => this.#means(),
		entered: (state) => this.#entered(state),
		measured: () => this.#measured(),
		changed: () => this.requestUpdate(),
	});
	readonly #fading = new Fading(
		// A button that has the keyboard's focus must not vanish under it.
		() => !this.#showStats && !this.renderRoot.querySelector(".bar :focus-visible"),
		() => this.requestUpdate(),
	);
	/** A camera's id is being looked up. */
	#aiming = false;
	#showStats = false;
	#timer: ReturnType<typeof setInterval> | undefined;
	#release: (() => void) | undefined;
	/** Stopped because nobody looked, not because the viewer said so. */
	#resting = false;

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
		return this.#viewing.state.at;
	}

	/** Figures of the last second; null before the first. */
	get reading(): Reading | null {
		return this.#viewing.gauge.reading;
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
		this.#viewing.stop();
	}

	/** Says that now is a good moment to try again, for instance because the stream was announced. */
	wake(): void {
		this.#viewing.wake();
	}

	/** The picture as PNG; null before the first. */
	snapshot(): Promise<Blob | null> {
		return this.#screen.png(this.state === "live");
	}

	/** Does what a key does; false for a key that means nothing here. */
	press(key: string): boolean {
		const act = this.#keys[key.toLowerCase()];
		if (!act) return false;
		act();
		this.#fading.stir();
		this.requestUpdate();
		return true;
	}

	override connectedCallback(): void {
		super.connectedCallback();
		this.#timer = setInterval(() => this.#viewing.tick(), TICK_MS);
		this.#release = attend({
			wake: () => {
				if (this.#resting) this.start();
				// What is not watched sleeps on: nobody has said start.
				else if (this.state !== "idle") this.wake();
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
		this.#fading.stop();
		this.#release?.();
		this.stop();
		this.#screen.clear();
	}

	override willUpdate(changed: PropertyValues<this>): void {
		if (changed.has("muted")) this.#screen.video.muted = this.muted;
		const aim = ["src", "address", "path", "camera", "signaling", "token"] as const;
		if (!aim.some((key) => changed.has(key))) return;
		this.stop();
		this.#viewing.aim = null;
		this.#aiming = true;
		attempt(this.#aim());
	}

	override render(): TemplateResult {
		const view = this.#view();
		const at = this.state;
		const showing = at === "live" || at === "stalled" || this.#screen.lastPicture === null;
		const stage = [
			"stage",
			showing ? "" : "still",
			at === "live" ? "" : "dim",
			this.#fading.idle && at === "live" ? "idle" : "",
		];
		return html`<div
			class=${stage.join(" ")}
			part="stage"
			role="group"
			aria-label=${`Camera ${this.#name()}`}
			tabindex="0"
			@keydown=${this.#onKey}
			@pointermove=${this.#onMove}
			@focusin=${this.#onMove}
			@click=${this.#onMove}
			@dblclick=${this.#onDouble}
		>
			${this.#screen.element} ${notice(view)} ${badge(view)} ${statistics(view)}
			${this.controls ? controls(view) : nothing}
			<div class="said" role="status">${view.words.label}. ${at === "live" ? "" : view.words.detail}</div>
		</div>`;
	}

	readonly #keys: Readonly<Record<string, () => void>> = {
		" ": () => (this.state === "idle" ? this.#watch("press") : this.stop()),
		m: () => this.#mute(!this.#screen.video.muted),
		f: () => attempt(toggleFullscreen(this, this.#screen.video)),
		p: () => attempt(this.#screen.togglePicture()),
		s: () => attempt(this.#save()),
		i: () => {
			this.#showStats = !this.#showStats;
		},
		tap: () => this.#viewing.tap(),
	};

	/** Begins to watch, by itself or because the viewer says so. */
	#watch(type: "start" | "press"): void {
		this.#resting = false;
		this.#viewing.start(type);
	}

	/** Nobody looks: stops until somebody does. */
	#rest(): void {
		if (this.state === "idle" || this.#screen.inPicture || !this.#screen.video.muted) return;
		this.stop();
		this.#resting = true;
	}

	readonly #onKey = (event: KeyboardEvent): void => {
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		// A focused button has its own use for the space bar.
		const onButton = event.key === " " && event.composedPath()[0] instanceof HTMLButtonElement;
		if (!onButton && this.press(event.key)) event.preventDefault();
	};

	readonly #onMove = (): void => this.#fading.stir();

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
		const { base = "", path: name = "" } = place ?? {};
		const identifies = () => identify(base, name, token);
		this.#viewing.aim = place && { place, memory: new BrowserMemory(base, identifies) };
		this.#aiming = false;
		this.requestUpdate();
		this.#begin();
	}

	/** Starts, unless that would wake a camera and the page says that its viewer is to be asked. */
	#begin(): void {
		const { aim } = this.#viewing;
		if (this.autostart || !aim) {
			this.start();
			return;
		}
		this.#viewing.send({ type: "asking" });
		void sleeps(aim.place.base, aim.place.path, this.token).then((asleep) => {
			if (aim !== this.#viewing.aim || this.state !== "idle") return;
			if (asleep) this.#viewing.send({ type: "asleep" });
			else this.start();
			this.requestUpdate();
		});
	}

	#name(): string {
		return this.#viewing.aim?.place.path || "stream";
	}

	get #screen(): Screen {
		return this.#viewing.screen;
	}

	#mute(muted: boolean): void {
		this.#screen.video.muted = muted;
		this.#screen.play();
	}

	#means(): Omit<Target, "endpoint"> {
		const { token, icePolicy } = this;
		const iceServers = typeof this.iceServers === "string" ? parseIceServers(this.iceServers) : this.iceServers;
		return { token, iceServers, icePolicy };
	}

	#entered(state: State): void {
		if (state.at === "live") this.#fading.stir();
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

	#measured(): void {
		this.dispatchEvent(new CustomEvent("reading", { detail: this.reading }));
		this.requestUpdate();
	}

	async #save(): Promise<void> {
		const png = await this.snapshot();
		if (!png) return;
		const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
		download(png, `${this.#name().replaceAll("/", "_")}_${stamp}.png`);
	}

	#view(): View {
		const { state, gauge, aim, leftOut, needsTap } = this.#viewing;
		const { lastPicture, sinceCapture, sinceArrival, video } = this.#screen;
		return {
			words: aim || this.#aiming ? describe(state, this.#name()) : aimless,
			name: this.#name(),
			age: lastPicture === null ? null : performance.now() - lastPicture,
			stalled: state.at === "stalled",
			running: state.at !== "idle",
			muted: video.muted,
			hasAudio: this.#screen.hasAudio,
			fullscreen: isFullscreen(this),
			canPicture: this.#screen.canPicture,
			canFullscreen: canFullscreen(video),
			needsTap,
			showStats: this.#showStats,
			reading: gauge.reading,
			sinceCapture,
			sinceArrival,
			history: gauge.history,
			leftOut,
			login: this.login,
			press: (key) => this.press(key),
		};
	}
}
