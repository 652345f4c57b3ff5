import { css, html, LitElement, type TemplateResult } from "lit";
import { shared } from "../styles/shared.ts";

const SHOWN_MS = 1800;

/** A command with a button that copies it. */
export class CopyableCode extends LitElement {
	static override properties = { text: {}, label: {} };
	static override styles = [
		shared,
		css`
			:host { position: relative; }
			pre {
				margin: 0; padding: 14px 16px; overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; background: var(--surface);
				color: var(--ink); white-space: pre-wrap; overflow-wrap: anywhere; padding-right: 92px;
			}
			button {
				position: absolute; top: 6px; right: 6px; min-height: 36px; padding: 0 12px; border: 1px solid var(--line); border-radius: 5px;
				background: var(--paper); color: var(--ink); font: inherit; font-size: 13px; font-weight: 600; cursor: pointer;
			}
			button:hover { border-color: var(--ink-3); }
			@media (pointer: coarse) { button { min-height: 44px; } }
		`,
	];
	declare text: string;
	/** What is copied, for those who hear the button. */
	declare label: string;
	#copied = false;

	constructor() {
		super();
		this.text = "";
		this.label = "command";
	}

	override render(): TemplateResult {
		return html`<pre tabindex="0"><code>${this.text}</code></pre>
			<button type="button" aria-label=${`Copy ${this.label}`} @click=${this.#copy}>${this.#copied ? "Copied" : "Copy"}</button>`;
	}

	readonly #copy = async (): Promise<void> => {
		// The clipboard needs a secure context; on a plain http address the text is selected instead.
		if (navigator.clipboard) await navigator.clipboard.writeText(this.text);
		else this.#select();
		this.#copied = Boolean(navigator.clipboard);
		this.requestUpdate();
		setTimeout(() => {
			this.#copied = false;
			this.requestUpdate();
		}, SHOWN_MS);
	};

	#select(): void {
		const code = this.renderRoot.querySelector("code");
		if (code) getSelection()?.selectAllChildren(code);
	}
}
customElements.define("copyable-code", CopyableCode);
