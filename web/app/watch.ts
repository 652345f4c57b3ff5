import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { VedettePlayer } from "../player/player.ts";
import { shared } from "../styles/shared.ts";
import { ago, bitrate, codecs, count, fps, size, split } from "./format.ts";
import { loginFor, type StreamInfo, type Streams } from "./relay.ts";
import "../embed.ts";
import "./copy.ts";

/** The page of one stream: the player, and beside it what the relay knows. */
export class WatchPage extends LitElement {
	static override properties = {
		path: {},
		autostart: { attribute: false },
		feed: { attribute: false },
		iceServers: { attribute: false },
		rtspPort: { attribute: false },
		user: { attribute: false },
	};
	static override styles = [shared, styles()];
	declare path: string;
	/** Whether a camera that sleeps is woken without a word of the viewer. */
	declare autostart: boolean;
	declare feed: Streams | null;
	/** Null to let the player ask for them. */
	declare iceServers: RTCIceServer[] | null;
	/** Where the relay takes RTSP; null for nowhere. */
	declare rtspPort: number | null;
	/** Who looks; null for whoever needs no login. */
	declare user: string | null;
	#wasLive = false;

	constructor() {
		super();
		this.path = "";
		this.autostart = true;
		this.feed = null;
		this.iceServers = null;
		this.rtspPort = null;
		this.user = null;
	}

	override connectedCallback(): void {
		super.connectedCallback();
		document.addEventListener("keydown", this.#onKey);
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		document.removeEventListener("keydown", this.#onKey);
	}

	override updated(changed: PropertyValues<this>): void {
		if (!changed.has("feed")) return;
		const live = this.#stream()?.state === "live";
		if (live && !this.#wasLive) this.#player()?.wake();
		this.#wasLive = live;
	}

	override render(): TemplateResult {
		const stream = this.#stream();
		const [lead, last] = split(this.path);
		return html`<vedette-player
				.autostart=${this.autostart} .address=${location.origin} .path=${this.path} .iceServers=${this.iceServers ?? ""}
				.login=${loginFor(location.pathname + location.search)}
			></vedette-player>
			<aside>
				<h1><span>${lead}</span><wbr />${last}</h1>
				${stream ? this.#facts(stream) : html`<p class="none">${this.feed ? "The relay has no stream of this name now." : ""}</p>`}
				${this.rtspPort === null ? nothing : this.#elsewhere(this.rtspPort)}
				<details>
					<summary>On another page</summary>
					<p>One script and one element.</p>
					<copyable-code label="HTML" .text=${this.#snippet()}></copyable-code>
				</details>
			</aside>`;
	}

	#elsewhere(port: number): TemplateResult {
		const login = this.user === null ? "" : `${encodeURIComponent(this.user)}:PASSWORD@`;
		return html`<details>
			<summary>In another player</summary>
			<p>VLC, ffplay and GStreamer play the same stream over RTSP${login ? html`; PASSWORD stands for yours` : nothing}.</p>
			<copyable-code label="address" .text=${`rtsp://${login}${location.hostname}:${port}/${this.path}`}></copyable-code>
		</details>`;
	}

	#facts(stream: StreamInfo): TemplateResult {
		const now = this.feed?.now ?? 0;
		const rows: [string, string][] = [
			["Picture", [size(stream), fps(stream)].filter(Boolean).join(", ")],
			["Codecs", codecs(stream)],
			["Bitrate into the relay", stream.state === "live" ? bitrate(stream.bitrate) : ""],
			["Lost on the way in", stream.lost === null || stream.state === "offline" ? "" : count(stream.lost, "packet")],
			["Viewers", String(stream.viewers)],
			["Publisher", [stream.publisher?.user, stream.publisher?.protocol.toUpperCase()].filter(Boolean).join(", ")],
			["From", stream.publisher?.address ?? ""],
			["No source", stream.sourceFault ?? ""],
			[stream.state === "live" ? "Live for" : "Last packet", quiet(stream, now)],
		];
		return html`<dl>
			${rows.map(([name, value]) => (value ? html`<div><dt>${name}</dt><dd>${value}</dd></div>` : nothing))}
		</dl>`;
	}

	#snippet(): string {
		return `<script type="module" src="${location.origin}/vedette-player.js"></script>\n<vedette-player path="${this.path}"></vedette-player>`;
	}

	#stream(): StreamInfo | undefined {
		return this.feed?.streams.find(({ name }) => name === this.path);
	}

	#player(): VedettePlayer | null {
		return this.renderRoot.querySelector<VedettePlayer>("vedette-player");
	}

	/** The player's keys work on its whole page, but not while something else has the focus that uses them. */
	readonly #onKey = (event: KeyboardEvent): void => {
		const from = event.composedPath()[0];
		if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || from !== document.body) return;
		if (this.#player()?.press(event.key)) event.preventDefault();
	};
}
customElements.define("watch-page", WatchPage);

function quiet({ state, since, lastPacketAt }: StreamInfo, now: number): string {
	if (state === "live") return since === null ? "" : ago(now - since);
	return lastPacketAt === null ? "" : `${ago(now - lastPacketAt)} ago`;
}

function styles() {
	return css`
		:host { display: grid; grid-template-columns: minmax(0, 1fr) 320px; gap: 0 32px; align-items: start; padding: 16px 24px 48px; max-width: 1920px; margin: 0 auto; }
		vedette-player { border-radius: 6px; box-shadow: 0 0 0 1px var(--line); width: 100%; max-height: calc(100dvh - 96px); }
		vedette-player:fullscreen { border-radius: 0; }
		aside { min-width: 0; }
		h1 { font-size: 24px; line-height: 30px; overflow-wrap: anywhere; }
		h1 span { color: var(--ink-3); font-weight: 450; }
		.none { margin-top: 8px; color: var(--ink-2); min-height: 24px; }
		dl { margin-top: 16px; border-top: 1px solid var(--line); }
		dl div { display: flex; justify-content: space-between; gap: 16px; padding: 7px 0; border-bottom: 1px solid var(--line); font-size: 14px; }
		dt { color: var(--ink-2); }
		dd { text-align: right; font-weight: 550; min-width: 0; overflow-wrap: anywhere; }
		details { border-bottom: 1px solid var(--line); font-size: 14px; }
		.none ~ details:first-of-type { border-top: 1px solid var(--line); margin-top: 16px; }
		summary { min-height: 44px; display: flex; align-items: center; justify-content: space-between; font-weight: 550; cursor: pointer; list-style: none; }
		summary::-webkit-details-marker { display: none; }
		summary::after { content: ""; width: 7px; height: 7px; margin-right: 4px; border: solid currentColor; border-width: 0 1.75px 1.75px 0; transform: translateY(-2px) rotate(45deg); }
		details[open] summary::after { transform: translateY(2px) rotate(225deg); }
		details p { color: var(--ink-2); margin-bottom: 10px; }
		details copyable-code { margin-bottom: 16px; }
		@media (max-width: 960px) {
			:host { display: block; padding: 0 0 48px; }
			vedette-player { border-radius: 0; max-height: 72dvh; }
			aside { padding: 20px max(16px, env(safe-area-inset-right)) 0 max(16px, env(safe-area-inset-left)); }
		}
		@media (orientation: landscape) and (max-height: 520px) {
			:host { display: block; padding: 0; }
			vedette-player { aspect-ratio: auto; height: 100dvh; max-height: none; border-radius: 0; }
			aside { padding: 20px max(24px, env(safe-area-inset-right)) 32px max(24px, env(safe-area-inset-left)); }
		}
	`;
}
