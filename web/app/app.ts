import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { pathOfId } from "../player/relay.ts";
import { shared } from "../styles/shared.ts";
import { listen } from "./feed.ts";
import {
	barredWords,
	idOf,
	isBarred,
	loginFor,
	type Me,
	nextOf,
	pathOf,
	type Streams,
	signOut,
	whoAmI,
} from "./relay.ts";
import "./dashboard.ts";
import "./login.ts";
import "./watch.ts";

/** Silence of the relay is told after this long; a reload of the relay is not worth a word. */
const SILENCE_MS = 2500;

/** The whole page: who is there, where we are, and what the relay tells. */
export class VedetteApp extends LitElement {
	static override properties = {
		me: { state: true },
		feed: { state: true },
		heard: { state: true },
		place: { state: true },
		asked: { state: true },
		named: { state: true },
	};
	static override styles = [shared, styles()];
	/** Null until the relay has told. */
	declare me: Me | null;
	declare feed: Streams | null;
	declare heard: boolean;
	/** Path and query. */
	declare place: string;
	/** Whether the relay was asked who we are, with or without success: the player then knows its ICE servers. */
	declare asked: boolean;
	/** The path of the id that `/viewer?camera=ID` names; null until it is known. */
	declare named: { readonly id: string; readonly path: string } | null;
	#hush: (() => void) | null = null;
	#silence: ReturnType<typeof setTimeout> | undefined;

	constructor() {
		super();
		this.me = null;
		this.feed = null;
		this.heard = true;
		this.asked = false;
		this.named = null;
		this.place = location.pathname + location.search;
	}

	override connectedCallback(): void {
		super.connectedCallback();
		window.addEventListener("popstate", this.#onMove);
		this.addEventListener("click", this.#onClick);
		void this.#enter();
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		window.removeEventListener("popstate", this.#onMove);
		this.#hush?.();
		this.#hush = null;
	}

	override willUpdate(changed: PropertyValues): void {
		if (changed.has("place") || changed.has("asked")) void this.#lookUp();
		if (!changed.has("place") && !changed.has("feed") && !changed.has("named")) return;
		const path = this.#path();
		const state = this.feed?.streams.find(({ name }) => name === path)?.state;
		document.title = path ? `${state === "live" || !state ? "" : `(${state}) `}${path} · Vedette` : "Vedette";
	}

	override render(): TemplateResult {
		if (location.pathname === "/login") {
			return html`${this.#header(false)}<main><login-page @signedin=${this.#onSignedIn}></login-page></main>`;
		}
		const path = this.#path();
		return html`${this.#header(path !== null)}
			${this.heard ? nothing : html`<p class="silent" role="status"><i aria-hidden="true"></i>The relay does not answer. The figures below are old; the page goes on by itself.</p>`}
			<main>
				${this.#main(path)}
			</main>`;
	}

	#main(path: string | null): TemplateResult | typeof nothing {
		const { me } = this;
		if (isRobots()) return this.#robots();
		if (me && isBarred(me)) return this.#barred(me);
		return path === null ? this.#dashboard() : this.#watch(path);
	}

	#robots(): TemplateResult | typeof nothing {
		if (!this.me) return nothing;
		if (!this.#mayApi()) {
			return html`<section class="barred"><h1>Robots are not for everybody</h1><p>Who has the right “api” on this relay sees them. Sign in as somebody who has.</p></section>`;
		}
		// Whoever only watches does not load what is for robots.
		void import("./robots.ts");
		return html`<robots-page .control=${this.me.may.includes("control")}></robots-page>`;
	}

	#mayApi(): boolean {
		return this.me?.may.includes("api") ?? false;
	}

	#dashboard(): TemplateResult {
		return html`<stream-dashboard
			.feed=${this.feed} .heard=${this.heard} .open=${this.#mayPublishOpenly()} .watching=${this.#mayOnlyWatch()} .rtspPort=${this.me?.rtspPort ?? null}
			.control=${this.me?.may.includes("control") ?? false} .inviting=${this.me?.may.includes("admin") ?? false}
		></stream-dashboard>`;
	}

	#barred(me: Me): TemplateResult {
		const { title, detail } = barredWords(me);
		return html`<section class="barred"><h1>${title}</h1><p>${detail}</p></section>`;
	}

	#watch(path: string): TemplateResult | typeof nothing {
		const camera = idOf(this.place);
		if (!this.asked || (camera !== null && this.named?.id !== camera)) return nothing;
		// Who comes by a camera's id says start before it is woken.
		const waits = camera !== null && new URLSearchParams(location.search).get("autostart") !== "1";
		return html`<watch-page
			.path=${path} .autostart=${!waits} .feed=${this.feed} .iceServers=${this.me?.iceServers ?? null}
			.rtspPort=${this.me?.rtspPort ?? null} .user=${this.me?.user ?? null}
		></watch-page>`;
	}

	#header(watching: boolean): TemplateResult {
		const { me } = this;
		return html`<header class=${[watching ? "watching" : "", this.#mayApi() ? "placed" : ""].join(" ")}>
			<a class="home" href="/" aria-label="Vedette, all streams">
				<svg viewBox="0 0 24 24" aria-hidden="true"><path class="pole" d="M5 3v18" /><path class="flag" d="M5 4h15l-4.5 4.5L20 13H5z" /></svg>
				<span>Vedette</span>
			</a>
			${this.#places(watching)}
			<span class="gap"></span>
			${me?.user ? html`<span class="user">${me.user}</span><button class="button quiet" type="button" @click=${this.#leave}>Sign out</button>` : nothing}
			${me && !me.user && location.pathname !== "/login" ? html`<a class="button quiet" href=${loginFor(this.place)}>Sign in</a>` : nothing}
		</header>`;
	}

	#places(watching: boolean): TemplateResult | typeof nothing {
		const robots = this.#mayApi() && location.pathname !== "/login";
		if (!watching && !robots) return nothing;
		const here = (is: boolean) => (is ? "page" : nothing);
		return html`<nav aria-label="Vedette">
			<a href="/" aria-current=${here(!watching && !isRobots())}>${watching && !robots ? "All streams" : "Streams"}</a>
			${robots ? html`<a href="/robots" aria-current=${here(isRobots())}>Robots</a>` : nothing}
		</nav>`;
	}

	/** The stream that is watched; null on the dashboard. */
	#path(): string | null {
		const camera = idOf(this.place);
		if (camera !== null && this.named?.id === camera) return this.named.path;
		return camera ?? pathOf(location.pathname);
	}

	async #lookUp(): Promise<void> {
		const id = idOf(this.place);
		if (id === null || !this.asked || this.named?.id === id) return;
		const path = await pathOfId(location.origin, id, "");
		if (idOf(this.place) === id) this.named = { id, path };
	}

	/** Whether somebody is here who can neither publish nor let others publish. */
	#mayOnlyWatch(): boolean {
		const { user = null, may = [] } = this.me ?? {};
		return user !== null && !may.includes("publish") && !may.includes("admin");
	}

	#mayPublishOpenly(): boolean {
		return this.me?.user === null && this.me.may.includes("publish");
	}

	async #enter(): Promise<void> {
		this.me = await whoAmI();
		this.asked = true;
		if (location.pathname === "/login") return;
		if (this.me && !this.me.user && !this.me.may.includes("read")) return this.#go(loginFor(this.place));
		if (isBarred(this.me)) return;
		this.#hush ??= listen({
			streams: (streams) => {
				this.feed = streams;
			},
			heard: (heard) => this.#hear(heard),
			refused: () => this.#check(),
		});
	}

	/** The feed was refused: the login may have expired. */
	readonly #check = async (): Promise<void> => {
		const me = await whoAmI();
		if (!me) return;
		this.me = me;
		if (isBarred(me)) this.#stopListening();
		if (!me.user && !me.may.includes("read")) this.#go(loginFor(this.place));
	};

	#stopListening(): void {
		this.#hush?.();
		this.#hush = null;
		this.#hear(true);
	}

	#hear(heard: boolean): void {
		if (heard) {
			clearTimeout(this.#silence);
			this.#silence = undefined;
			this.heard = true;
		} else {
			this.#silence ??= setTimeout(() => {
				this.heard = false;
			}, SILENCE_MS);
		}
	}

	#go(place: string): void {
		if (place.startsWith("/login")) {
			this.#hush?.();
			this.#hush = null;
		}
		history.pushState(null, "", place);
		this.#onMove();
	}

	readonly #onMove = (): void => {
		this.place = location.pathname + location.search;
		scrollTo(0, 0);
	};

	readonly #onSignedIn = async (): Promise<void> => {
		history.replaceState(null, "", nextOf(location.search));
		this.#onMove();
		await this.#enter();
	};

	readonly #leave = async (): Promise<void> => {
		await signOut();
		this.feed = null;
		this.#hush?.();
		this.#hush = null;
		await this.#enter();
	};

	/** Links within the page change it without loading it again. */
	readonly #onClick = (event: MouseEvent): void => {
		if (
			event.defaultPrevented ||
			event.button !== 0 ||
			event.ctrlKey ||
			event.metaKey ||
			event.shiftKey ||
			event.altKey
		)
			return;
		const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
		if (!link || link.origin !== location.origin || link.target || link.download) return;
		event.preventDefault();
		this.#go(link.pathname + link.search);
	};
}
customElements.define("vedette-app", VedetteApp);

function isRobots(): boolean {
	return location.pathname === "/robots";
}

function styles() {
	return css`
		header {
			display: flex; align-items: center; gap: 20px; min-height: 64px;
			padding: max(10px, env(safe-area-inset-top)) max(24px, env(safe-area-inset-right)) 10px max(24px, env(safe-area-inset-left));
		}
		.home { display: inline-flex; align-items: center; gap: 8px; min-height: 44px; font-size: 18px; font-weight: 680; letter-spacing: -.02em; text-decoration: none; }
		.home svg { width: 22px; height: 22px; }
		.pole { stroke: var(--ink); stroke-width: 2; stroke-linecap: round; }
		.flag { fill: var(--live); }
		nav { display: flex; gap: 20px; }
		nav a { display: inline-flex; align-items: center; min-height: 44px; color: var(--ink-2); font-weight: 550; text-decoration: none; white-space: nowrap; }
		nav a:hover { color: var(--ink); text-decoration: underline; }
		nav a[aria-current] { color: var(--ink); box-shadow: inset 0 -2px var(--ink); }
		.gap { flex: 1; }
		.user { color: var(--ink-2); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
		header .button { min-height: 40px; padding: 0 14px; font-size: 14px; flex: none; }
		.silent {
			display: flex; align-items: center; gap: 10px; margin: 0 max(24px, env(safe-area-inset-right)) 8px max(24px, env(safe-area-inset-left));
			padding: 10px 14px; border: 1px solid var(--stalled); border-radius: 6px; color: var(--stalled); font-weight: 550;
		}
		.barred { padding: calc(24px + clamp(16px, 6vh, 72px)) max(24px, env(safe-area-inset-right)) 64px max(24px, env(safe-area-inset-left)); max-width: 1680px; margin: 0 auto; }
		.barred p { margin-top: 8px; max-width: 60ch; color: var(--ink-2); font-size: 17px; }
		.silent i { width: 8px; height: 8px; border-radius: 1px; background: currentColor; flex: none; }
		@media (max-width: 600px) {
			header { padding-inline: max(16px, env(safe-area-inset-left)); gap: 16px; min-height: 56px; }
			.silent { margin-inline: 16px; }
			.barred { padding: calc(16px + clamp(16px, 6vh, 72px)) max(16px, env(safe-area-inset-right)) 48px max(16px, env(safe-area-inset-left)); }
			.barred h1 { font-size: 24px; line-height: 30px; }
			header .button { min-height: 44px; }
			/* The flag alone leads home where the room is for the places. */
			.placed .home span, .placed .user { display: none; }
		}
		@media (orientation: landscape) and (max-height: 520px) { header.watching { display: none; } }
	`;
}
