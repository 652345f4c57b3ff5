import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { shared } from "../styles/shared.ts";
import { demandLabel, demandOrder, demandWords, holdWords } from "./demand.ts";
import { ago, bitrate, codecs, count, fps, size, split } from "./format.ts";
import { order, type StreamInfo } from "./relay.ts";
import { drawThumbnail } from "./thumbnails.ts";

/** A card asks for a new picture at most this often. */
const REFRESH_MS = 5000;
const LABELS = { live: "Live", stalled: "Stalled", offline: "Offline" } as const;

/** One stream in the dashboard, the same one always: its last key frame and what the relay knows of it. */
export class StreamCard extends LitElement {
	static override properties = {
		stream: { attribute: false },
		now: { attribute: false },
		control: { attribute: false },
		refusal: { state: true },
	};
	static override styles = [shared, styles()];
	declare stream: StreamInfo;
	/** Unix milliseconds by the relay's clock. */
	declare now: number;
	/** Whether who looks may start and stop it. */
	declare control: boolean;
	/** Why the last order was not obeyed; empty where it was. */
	declare refusal: string;
	#visible = false;
	#shown = "";
	#askedAt = 0;
	#hasPicture = false;
	readonly #canvas = document.createElement("canvas");
	readonly #sight = new IntersectionObserver((entries) => {
		this.#visible = entries.at(-1)?.isIntersecting ?? false;
		this.#refresh();
	});

	constructor() {
		super();
		this.control = false;
		this.refusal = "";
	}

	override connectedCallback(): void {
		super.connectedCallback();
		this.#sight.observe(this);
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		this.#sight.disconnect();
	}

	override updated(): void {
		this.#refresh();
	}

	override render(): TemplateResult {
		const { stream } = this;
		const [lead, last] = split(stream.name);
		return html`<a href=${stream.watch} data-state=${stream.state}>
			<div class="picture" ?data-empty=${!this.#hasPicture}>
				${this.#canvas}${this.#hasPicture ? "" : html`<span>No picture yet</span>`}
			</div>
			<div class="head">
				<h2><span>${lead}</span>${last}</h2>
				<span class="state" data-state=${stream.state}><i aria-hidden="true"></i>${this.#label()}${this.#quiet()}</span>
			</div>
			<p class="facts">${this.#facts()}</p>
		</a>${this.#orders()}`;
	}

	#label(): string {
		const { state, demand } = this.stream;
		return demand && state === "offline" ? demandLabel(demand) : LABELS[state];
	}

	/** Start and stop, for who may, outside of the link to the picture. */
	#orders(): TemplateResult | typeof nothing {
		const { demand, name } = this.stream;
		const what = demand && this.control ? demandOrder(demand) : null;
		const held = demand ? holdWords(demand) : "";
		if (what === null && held === "") return nothing;
		return html`<div class="orders">
			${what === null ? nothing : html`<button class="button quiet" type="button" aria-label=${`${what} ${name}`} @click=${() => this.#order(what)}>${what === "start" ? "Start" : "Stop"}</button>`}
			<p role="status">${this.refusal || held}</p>
		</div>`;
	}

	async #order(what: "start" | "stop"): Promise<void> {
		this.refusal = "";
		this.refusal = (await order(this.stream.name, what)) ?? "";
	}

	#quiet(): string {
		const { lastPacketAt, state } = this.stream;
		return state === "stalled" && lastPacketAt !== null ? ` ${ago(this.now - lastPacketAt)}` : "";
	}

	#facts(): TemplateResult {
		const { stream } = this;
		if (stream.state === "offline") {
			const { demand, sourceFault } = stream;
			return html`<span>${demand ? demandWords(demand) : sourceFault ? `No source: ${sourceFault}` : "Nobody is publishing"}</span>`;
		}
		const picture = [size(stream), fps(stream), codecs(stream)].filter(Boolean);
		const traffic = [stream.state === "live" ? bitrate(stream.bitrate) : "", count(stream.viewers, "viewer")].filter(
			Boolean,
		);
		return html`${[picture, traffic].map((parts) => html`<span>${parts.map((part) => html`<b>${part}</b> `)}</span>`)}`;
	}

	#refresh(): void {
		const url = this.stream.thumbnail;
		const now = performance.now();
		if (!url || url === this.#shown || !this.#visible || document.hidden) return;
		if (this.#hasPicture && now - this.#askedAt < REFRESH_MS) return;
		if (this.#askedAt && now - this.#askedAt < 1000) return;
		this.#askedAt = now;
		drawThumbnail(url, this.#canvas).then((drawn) => {
			this.#shown = url;
			if (!drawn || this.#hasPicture) return;
			this.#hasPicture = true;
			this.requestUpdate();
		}, String);
	}
}
customElements.define("stream-card", StreamCard);

function styles() {
	return css`
		a { display: block; text-decoration: none; border-radius: 6px; outline-offset: 4px; }
		.picture {
			position: relative; aspect-ratio: 16 / 9; overflow: hidden; border-radius: 6px; background: #0b0d0e;
			box-shadow: 0 0 0 1px var(--line);
		}
		a:hover .picture { box-shadow: 0 0 0 2px var(--ink); }
		canvas { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; transition: filter .3s; }
		a:not([data-state="live"]) canvas { filter: grayscale(.85) brightness(.55); }
		.picture[data-empty] {
			background: repeating-linear-gradient(135deg, var(--sunk) 0 10px, color-mix(in srgb, var(--sunk) 55%, var(--paper)) 10px 20px);
		}
		.picture[data-empty] canvas { display: none; }
		.picture span { position: absolute; inset: 0; display: grid; place-items: center; color: var(--ink-3); font-size: 14px; }
		.head { display: flex; align-items: baseline; justify-content: space-between; gap: 12px; margin-top: 10px; }
		h2 { font-size: 17px; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
		h2 span { color: var(--ink-3); font-weight: 450; }
		.state { font-size: 14px; }
		.facts { color: var(--ink-2); font-size: 14px; line-height: 21px; }
		.facts span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
		.facts b { font-weight: 400; }
		.facts b + b { margin-left: 12px; }
		.orders { display: flex; align-items: center; gap: 12px; margin-top: 8px; color: var(--ink-2); font-size: 14px; }
		.orders p { min-width: 0; overflow-wrap: anywhere; }
	`;
}
