import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { shared } from "../styles/shared.ts";
import { bitrate, count } from "./format.ts";
import type { Streams } from "./relay.ts";
import "./card.ts";
import "./welcome.ts";

/** From this many streams on there is a search field. */
const MANY = 7;
/** Up to this many get larger cards. */
const FEW = 3;

/** The relay's streams at a glance. */
export class StreamDashboard extends LitElement {
	static override properties = {
		feed: { attribute: false },
		heard: { attribute: false },
		open: { attribute: false },
		watching: { attribute: false },
		rtspPort: { attribute: false },
		control: { attribute: false },
		inviting: { attribute: false },
		query: { state: true },
	};
	static override styles = [
		shared,
		css`
			:host { padding: 24px max(24px, env(safe-area-inset-right)) 64px max(24px, env(safe-area-inset-left)); max-width: 1680px; margin: 0 auto; }
			.top { display: flex; flex-wrap: wrap; align-items: end; justify-content: space-between; gap: 16px 32px; margin-bottom: 24px; }
			.sum { margin-top: 4px; color: var(--ink-2); display: flex; flex-wrap: wrap; gap: 0 16px; }
			.search { flex: 0 1 320px; }
			.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: 32px 24px; }
			/* A few are shown larger, but never wider than their picture is worth. */
			.few { grid-template-columns: repeat(auto-fit, minmax(min(100%, 360px), 1fr)); }
			.few li { max-width: 680px; }
			.none { color: var(--ink-2); padding: 32px 0; }
			.stale { opacity: .5; }
			.ghost { aspect-ratio: 16 / 9; border-radius: 6px; background: var(--sunk); }
			@media (max-width: 600px) {
				:host { padding: 16px max(16px, env(safe-area-inset-right)) 48px max(16px, env(safe-area-inset-left)); }
				.search { flex: 1 1 100%; }
				h1 { font-size: 24px; line-height: 30px; }
				.grid { gap: 28px; }
			}
		`,
	];
	/** Null before the relay has told. */
	declare feed: Streams | null;
	declare heard: boolean;
	/** Whether publishing needs no login. */
	declare open: boolean;
	/** Whether who looks may do no more than watch. */
	declare watching: boolean;
	/** Where the relay takes RTSP; null for nowhere. */
	declare rtspPort: number | null;
	/** Whether who looks may start and stop streams. */
	declare control: boolean;
	/** Whether who looks may invite robots. */
	declare inviting: boolean;
	declare query: string;

	constructor() {
		super();
		this.feed = null;
		this.heard = true;
		this.open = false;
		this.watching = false;
		this.rtspPort = null;
		this.control = false;
		this.inviting = false;
		this.query = "";
	}

	override render(): TemplateResult {
		const { feed } = this;
		if (!feed) return this.#waiting();
		if (feed.streams.length === 0)
			return html`<welcome-note ?open=${this.open} ?watching=${this.watching} ?inviting=${this.inviting} .rtspPort=${this.rtspPort}></welcome-note>`;
		const words = this.query.toLowerCase().split(/\s+/).filter(Boolean);
		const found = feed.streams.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
		return html`<div class="top">
				<div><h1>Streams</h1><p class="sum">${this.#sum(feed)}</p></div>
				${feed.streams.length >= MANY || this.query ? this.#search() : nothing}
			</div>
			${found.length ? nothing : html`<p class="none">No stream's name contains “${this.query.trim()}”.</p>`}
			<ul class=${["grid", this.heard ? "" : "stale", feed.streams.length <= FEW ? "few" : ""].join(" ")}>
				${repeat(
					found,
					({ name }) => name,
					(stream) =>
						html`<li><stream-card .stream=${stream} .now=${feed.now} .control=${this.control}></stream-card></li>`,
				)}
			</ul>`;
	}

	#waiting(): TemplateResult {
		return html`<div class="top"><div><h1>Streams</h1><p class="sum">Asking the relay</p></div></div>
			<div class="grid" aria-hidden="true">${[0, 1, 2].map(() => html`<div class="ghost"></div>`)}</div>`;
	}

	#search(): TemplateResult {
		return html`<input
			class="field search" type="search" placeholder="Search by name" aria-label="Search streams by name" .value=${this.query}
			@input=${({ target }: InputEvent) => {
				if (target instanceof HTMLInputElement) this.query = target.value;
			}}
		/>`;
	}

	#sum({ streams }: Streams): TemplateResult {
		const of = (state: string) => streams.filter((stream) => stream.state === state).length;
		const asleep = streams.filter(({ state, demand }) => state === "offline" && demand?.state === "idle").length;
		const offline = of("offline") - asleep;
		const viewers = streams.reduce((sum, stream) => sum + stream.viewers, 0);
		const bits = streams.reduce((sum, stream) => sum + (stream.bitrate ?? 0), 0);
		return html`<span>${of("live")} live</span>
			${of("stalled") ? html`<span>${of("stalled")} stalled</span>` : nothing}
			${asleep ? html`<span>${asleep} asleep</span>` : nothing}
			${offline ? html`<span>${offline} offline</span>` : nothing}
			<span>${count(viewers, "viewer")}</span>${bits ? html`<span>${bitrate(bits)} in</span>` : nothing}`;
	}
}
customElements.define("stream-dashboard", StreamDashboard);
