import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { dialog } from "../styles/dialog.ts";
import { shared } from "../styles/shared.ts";
import { type InvitationInfo, inviteRobot, listRobots, type RobotInfo } from "./robot-api.ts";
import { countdown, nameFault } from "./robot-words.ts";
import "./copy.ts";

const TICK_MS = 1000;
/** How often it is looked whether the robot has come, in ticks. */
const LOOK_TICKS = 2;
/** More robots than these hold no name whole that is searched for. */
const LOOKED_AT = 1000;

interface Wish {
	readonly name: string;
	/** How the robot reaches the relay; empty for what the relay thinks. */
	readonly host: string;
}

type Step =
	| { readonly at: "asking"; readonly problem: string; readonly busy: boolean }
	/** There is a robot of that name. */
	| { readonly at: "taken" }
	| {
			readonly at: "waiting";
			readonly invitation: InvitationInfo;
			/** The relay's clock, ahead of ours. */
			readonly ahead: number;
			/** By the relay's clock. */
			readonly since: number;
			readonly qr: { readonly size: number; readonly path: string } | null;
			readonly come: "not yet" | "joined" | "here";
	  };

const start: Step = { at: "asking", problem: "", busy: false };

function isLocal(host: string): boolean {
	return host === "localhost" || host.endsWith(".localhost") || host.startsWith("127.") || host === "::1";
}

/** How this browser reaches the relay, where a robot might as well; empty otherwise. */
function likelyHost(): string {
	const host = location.hostname.replace(/^\[(.*)\]$/, "$1");
	return isLocal(host) ? "" : host;
}

/** Asks for a robot's name, and shows the line that lets it join. Fires `changed` when it has. */
export class InviteDialog extends LitElement {
	static override properties = { step: { state: true }, wish: { state: true }, now: { state: true } };
	static override styles = [shared, dialog, styles()];
	declare step: Step;
	declare wish: Wish;
	/** Unix milliseconds by our clock. */
	declare now: number;
	#timer: ReturnType<typeof setInterval> | undefined;
	#ticks = 0;

	constructor() {
		super();
		this.step = start;
		this.wish = { name: "", host: likelyHost() };
		this.now = Date.now();
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		clearInterval(this.#timer);
	}

	override updated(changed: PropertyValues<this>): void {
		const before = changed.get("step");
		// What had the focus is gone with its step.
		if (before && before.at !== this.step.at) this.#dialog()?.querySelector<HTMLElement>("[autofocus]")?.focus();
	}

	open(): void {
		this.step = start;
		this.wish = { name: "", host: likelyHost() };
		void this.updateComplete.then(() => this.#dialog()?.showModal());
	}

	override render(): TemplateResult {
		const { step } = this;
		return html`<dialog aria-labelledby="title" @close=${() => clearInterval(this.#timer)}>
			${step.at === "asking" ? this.#asking(step) : step.at === "taken" ? this.#taken() : this.#waiting(step)}
		</dialog>`;
	}

	#asking({ problem, busy }: Extract<Step, { at: "asking" }>): TemplateResult {
		const { name, host } = this.wish;
		return html`<h2 id="title">Invite a robot</h2>
			<p>It gets one line to run, which is good for 15 minutes, and once.</p>
			<form novalidate @submit=${this.#onSubmit}>
				<label>Name of the robot
					<input class="field" name="name" .value=${name} autofocus autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64" placeholder="robot1"
						aria-invalid=${problem ? "true" : "false"} aria-describedby="problem" />
				</label>
				<label>Address of this relay
					<input class="field" name="host" .value=${host} autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="253" placeholder="as configured" aria-describedby="hint" />
					<small id="hint">A name or an IP address by which the robot can reach it, without a port.</small>
				</label>
				<div role="alert" id="problem">${problem ? html`<p class="problem">${problem}</p>` : nothing}</div>
				<div class="choices">
					<button class="button quiet" type="button" @click=${this.#close}>Cancel</button>
					<button class="button" type="submit" ?disabled=${busy}>Make the line</button>
				</div>
			</form>`;
	}

	#taken(): TemplateResult {
		const { name } = this.wish;
		return html`<h2 id="title">Replace ${name}?</h2>
			<p>A robot of this name has joined already. When another machine joins in its place, the one that is there now may not come any more.</p>
			<div class="choices">
				<button class="button quiet" type="button" autofocus @click=${() => this.#ask("")}>Another name</button>
				<button class="button" type="button" @click=${() => this.#invite(true)}>Replace ${name}</button>
			</div>`;
	}

	#waiting(step: Extract<Step, { at: "waiting" }>): TemplateResult {
		const { name } = this.wish;
		const left = step.invitation.until - step.ahead - this.now;
		const over = left <= 0 && step.come === "not yet";
		return html`<h2 id="title">${over ? "This line is not good any more" : `Let ${name} join`}</h2>
			<p>${over ? "It was not used in time." : "Run this on the robot, once:"}</p>
			${over ? nothing : html`<copyable-code label="line" .text=${`vedette robot join ${step.invitation.line}`}></copyable-code>${this.#code(step)}`}
			<p class="news" role="status">${over ? "" : this.#news(step)}</p>
			<div class="choices">
				${over ? html`<button class="button" type="button" @click=${() => this.#invite(true)}>Make a new one</button>` : nothing}
				<button class=${over ? "button quiet" : "button"} type="button" autofocus @click=${this.#close}>${step.come === "here" ? "Done" : "Close"}</button>
			</div>`;
	}

	#code({ qr, come, invitation, ahead }: Extract<Step, { at: "waiting" }>): TemplateResult | typeof nothing {
		if (!qr || come !== "not yet") return nothing;
		return html`<div class="code">
			<svg viewBox=${`0 0 ${qr.size} ${qr.size}`} role="img" aria-label="The line as a QR code" shape-rendering="crispEdges"><path d=${qr.path} /></svg>
			<div><p class="left" aria-hidden="true">${countdown(invitation.until - ahead - this.now)}</p><p>left to use it.</p>
			<p>The code holds <code>vedette://…</code>, the part after “join”.</p></div>
		</div>`;
	}

	#news({ come }: Extract<Step, { at: "waiting" }>): TemplateResult {
		const { name } = this.wish;
		const words = {
			"not yet": html`<i class="dot" aria-hidden="true"></i>Waiting for ${name}`,
			joined: html`<i class="dot" aria-hidden="true"></i>${name} has joined. Now run <code>vedette robot --config robot.yml</code> there.`,
			here: html`<i class="dot here" aria-hidden="true"></i>${name} is here.`,
		};
		return words[come];
	}

	readonly #onSubmit = async (event: SubmitEvent): Promise<void> => {
		event.preventDefault();
		if (!(event.currentTarget instanceof HTMLFormElement)) return;
		const form = new FormData(event.currentTarget);
		this.wish = { name: String(form.get("name")).trim(), host: String(form.get("host")).trim() };
		const fault = nameFault(this.wish.name);
		if (fault) return this.#ask(fault);
		this.step = { at: "asking", problem: "", busy: true };
		const robot = await this.#look();
		if (robot?.joined) this.step = { at: "taken" };
		else await this.#invite(false);
	};

	#ask(problem: string): void {
		this.step = { at: "asking", problem, busy: false };
		void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLInputElement>("[name=name]")?.focus());
	}

	async #invite(replace: boolean): Promise<void> {
		const { name, host } = this.wish;
		const [told, outcome] = await Promise.all([listRobots(name, 1), inviteRobot(name, host, replace)]);
		if (outcome.is === "refused") return this.#ask(outcome.why);
		const since = told.is === "done" ? told.value.now : Date.now();
		const ahead = since - Date.now();
		this.now = Date.now();
		this.step = { at: "waiting", invitation: outcome.value, ahead, since, qr: null, come: "not yet" };
		clearInterval(this.#timer);
		this.#timer = setInterval(this.#tick, TICK_MS);
		const { qrOf } = await import("./qr.ts");
		if (this.step.at === "waiting") this.step = { ...this.step, qr: qrOf(outcome.value.line) };
	}

	readonly #tick = async (): Promise<void> => {
		this.now = Date.now();
		if (this.step.at !== "waiting" || ++this.#ticks % LOOK_TICKS !== 0 || document.hidden) return;
		const { since, come } = this.step;
		const robot = await this.#look();
		// It may have joined in the milliseconds of our own question.
		const joined = (robot?.joinedAt ?? 0) >= since - TICK_MS;
		const here = joined && robot?.online === true && (robot.since ?? 0) >= since - TICK_MS;
		const now = here ? "here" : joined ? "joined" : "not yet";
		if (now === come || this.step.at !== "waiting") return;
		this.step = { ...this.step, come: now };
		this.dispatchEvent(new CustomEvent("changed"));
		if (here) clearInterval(this.#timer);
	};

	/** The robot of the wished name; undefined where there is none, or nothing is told. */
	async #look(): Promise<RobotInfo | undefined> {
		const outcome = await listRobots(this.wish.name, LOOKED_AT);
		return outcome.is === "done" ? outcome.value.robots.find(({ name }) => name === this.wish.name) : undefined;
	}

	readonly #close = (): void => this.#dialog()?.close();

	#dialog(): HTMLDialogElement | null {
		return this.renderRoot.querySelector("dialog");
	}
}
customElements.define("invite-dialog", InviteDialog);

function styles() {
	return css`
		copyable-code { margin-top: 16px; }
		.code { display: flex; flex-wrap: wrap; align-items: center; gap: 12px 24px; margin-top: 16px; color: var(--ink-2); font-size: 14px; }
		.code svg { width: min(208px, 100%); border-radius: 6px; background: #fff; fill: #15191a; box-shadow: 0 0 0 1px var(--line); }
		.code div { flex: 1 1 160px; }
		.left { font-size: 40px; line-height: 1; font-weight: 600; letter-spacing: -.03em; color: var(--ink); }
		.code .left + p { margin: 4px 0 12px; }
		.news { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; min-height: 24px; margin-top: 20px; font-weight: 550; }
		.dot { width: 8px; height: 8px; border-radius: 50%; flex: none; background: var(--stalled); animation: breathe 1.4s ease-in-out infinite alternate; }
		.dot.here { background: var(--live); animation: none; }
		@keyframes breathe { to { opacity: .25; } }
	`;
}
