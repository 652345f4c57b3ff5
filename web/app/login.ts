import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { shared } from "../styles/shared.ts";
import { signIn } from "./relay.ts";

/** Asks for name and password. Fires `signedin` when the relay has taken them. */
export class LoginPage extends LitElement {
	static override properties = { problem: { state: true }, busy: { state: true } };
	static override styles = [
		shared,
		css`
			:host { padding: clamp(24px, 14vh, 160px) 24px 48px; }
			form { width: min(100%, 360px); margin: 0 auto; display: grid; gap: 18px; }
			h1 + p { margin-top: 6px; color: var(--ink-2); }
			label { display: grid; gap: 6px; font-weight: 550; font-size: 14px; }
			.field { font-size: 16px; font-weight: 400; }
			.problem { padding-left: 12px; border-left: 3px solid var(--bad); color: var(--bad); font-weight: 550; }
			.button { width: 100%; margin-top: 4px; }
		`,
	];
	declare problem: string;
	declare busy: boolean;

	constructor() {
		super();
		this.problem = "";
		this.busy = false;
	}

	override render(): TemplateResult {
		return html`<form @submit=${this.#onSubmit}>
			<div><h1>Sign in</h1><p>to watch the cameras of ${location.host}</p></div>
			<label>Name
				<input class="field" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required />
			</label>
			<label>Password
				<input class="field" name="password" type="password" autocomplete="current-password" required />
			</label>
			<div role="alert">${this.problem ? html`<p class="problem">${this.problem}</p>` : nothing}</div>
			<button class="button" type="submit" ?disabled=${this.busy}>${this.busy ? "Signing in" : "Sign in"}</button>
		</form>`;
	}

	override firstUpdated(): void {
		this.renderRoot.querySelector("input")?.focus();
	}

	readonly #onSubmit = async (event: SubmitEvent): Promise<void> => {
		event.preventDefault();
		if (!(event.currentTarget instanceof HTMLFormElement) || this.busy) return;
		const form = new FormData(event.currentTarget);
		const password = this.renderRoot.querySelector<HTMLInputElement>("[name=password]");
		this.busy = true;
		const problem = await signIn(String(form.get("name")), String(form.get("password")));
		this.busy = false;
		this.problem = problem ?? "";
		if (problem === null) this.dispatchEvent(new CustomEvent("signedin"));
		else password?.select();
	};
}
customElements.define("login-page", LoginPage);
