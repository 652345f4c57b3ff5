import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { dialog } from "../styles/dialog.ts";
import { shared } from "../styles/shared.ts";
import { demandOrder } from "./demand.ts";
import { order } from "./relay.ts";
import { type CameraInfo, type RobotInfo, revokeRobot } from "./robot-api.ts";
import { cameraFigures, cameraWords, presenceWords, whoWords } from "./robot-words.ts";

/** An order is known to the relay after this. */
const SOON_MS = 150;

/** One robot and its cameras. Fires `changed` when it was told to do something. */
export class RobotItem extends LitElement {
	static override properties = {
		robot: { attribute: false },
		now: { attribute: false },
		control: { attribute: false },
		admin: { attribute: false },
		refusals: { state: true },
		problem: { state: true },
	};
	static override styles = [shared, dialog, styles()];
	declare robot: RobotInfo;
	/** Unix milliseconds by the relay's clock. */
	declare now: number;
	/** Whether who looks may start and stop cameras. */
	declare control: boolean;
	/** Whether who looks may revoke robots. */
	declare admin: boolean;
	/** By camera, why the last order was not obeyed. */
	declare refusals: Readonly<Record<string, string>>;
	/** Why it could not be revoked; empty where nothing is wrong. */
	declare problem: string;

	constructor() {
		super();
		this.control = false;
		this.admin = false;
		this.refusals = {};
		this.problem = "";
	}

	override render(): TemplateResult {
		const { robot, now } = this;
		return html`<section aria-labelledby="name">
			<header>
				<h2 id="name">${robot.name}</h2>
				<span class="state" data-state=${robot.online ? "live" : "offline"}><i aria-hidden="true"></i>${presenceWords(robot, now)}</span>
				<span class="kind" title=${robot.joined ? "It has an identity of its own" : "It comes as a user of the configuration"}>${robot.joined ? "joined" : "by user"}</span>
				${robot.joined && this.admin ? this.#revocation() : nothing}
			</header>
			${robot.cameras.length === 0 ? html`<p class="none">It has told of no cameras yet.</p>` : nothing}
			<ul>${robot.cameras.map((camera) => this.#camera(camera))}</ul>
		</section>`;
	}

	#camera(camera: CameraInfo): TemplateResult {
		const { tone, label, detail } = cameraWords(this.robot, camera);
		const watch = `/watch/${camera.path.split("/").map(encodeURIComponent).join("/")}`;
		return html`<li>
			<a class="watch" href=${watch} aria-label=${`Watch ${camera.path}`}>${camera.name}</a>
			<div class="doing">
				<span class="state" data-state=${tone}><i aria-hidden="true"></i>${label}</span>
				${detail ? html`<p>${detail}</p>` : nothing}
			</div>
			<div class="more">
				<p class="figures">${cameraFigures(camera).map((figure) => html`<span>${figure}</span> `)}</p>
				${whoWords(camera, this.now).map((line) => html`<p>${line}</p>`)}
				<p class="refusal" role="status">${this.refusals[camera.name] ?? ""}</p>
			</div>
			${this.#order(camera)}
		</li>`;
	}

	#order({ demand, path, name, paused }: CameraInfo): TemplateResult | typeof nothing {
		const what = demand && this.control ? demandOrder(demand) : null;
		// A start would come to nothing.
		if (what === null || (paused && what === "start")) return nothing;
		return html`<button class="button quiet" type="button" aria-label=${`${what} ${path}`} @click=${() => this.#send(name, path, what)}>
			${what === "start" ? "Start" : "Stop"}
		</button>`;
	}

	async #send(name: string, path: string, what: "start" | "stop"): Promise<void> {
		this.refusals = { ...this.refusals, [name]: "" };
		const answer = order(path, what);
		// A start answers when there are pictures: what it does until then is worth seeing.
		if (what === "start") setTimeout(() => this.#changed(), SOON_MS);
		this.refusals = { ...this.refusals, [name]: (await answer) ?? "" };
		this.#changed();
	}

	#revocation(): TemplateResult {
		const { name } = this.robot;
		return html`<button class="revoke" type="button" aria-label=${`Revoke ${name}`} @click=${() => this.#dialog()?.showModal()}>Revoke</button>
			<dialog aria-labelledby="question">
				<h2 id="question">Revoke ${name}?</h2>
				<p>Its streams and connections end at once. It may not come back before somebody invites it again and it has joined anew.</p>
				<div role="alert">${this.problem ? html`<p class="problem">${this.problem}</p>` : nothing}</div>
				<div class="choices">
					<button class="button quiet" type="button" autofocus @click=${() => this.#dialog()?.close()}>Cancel</button>
					<button class="button danger" type="button" @click=${this.#revoke}>Revoke ${name}</button>
				</div>
			</dialog>`;
	}

	readonly #revoke = async (): Promise<void> => {
		const outcome = await revokeRobot(this.robot.name);
		this.problem = outcome.is === "refused" ? outcome.why : "";
		if (outcome.is === "refused") return;
		this.#dialog()?.close();
		this.#changed();
	};

	#dialog(): HTMLDialogElement | null {
		return this.renderRoot.querySelector("dialog");
	}

	#changed(): void {
		this.dispatchEvent(new CustomEvent("changed"));
	}
}
customElements.define("robot-item", RobotItem);

function styles() {
	return css`
		:host { border-top: 1px solid var(--line); padding: 18px 0 20px; }
		header { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 16px; min-height: 44px; }
		header h2 { overflow-wrap: anywhere; }
		header .state, .doing .state { font-size: 14px; }
		.kind { flex: 1; color: var(--ink-3); font-size: 14px; }
		.revoke { min-height: 44px; padding: 0 8px; margin-right: -8px; border: 0; background: none; color: var(--ink-2); font: inherit; font-size: 14px; text-decoration: underline; text-underline-offset: 3px; cursor: pointer; }
		.revoke:hover { color: var(--bad); }
		.none { color: var(--ink-2); font-size: 14px; }
		li {
			display: grid; grid-template-columns: minmax(120px, 1fr) minmax(200px, 1.5fr) minmax(200px, 2fr) 88px; gap: 4px 24px; align-items: start;
			padding: 8px 12px; margin-top: 6px; border-radius: 6px; background: var(--surface); box-shadow: 0 0 0 1px var(--line);
		}
		li > * { min-width: 0; padding: 11px 0; font-size: 14px; line-height: 22px; }
		.watch { font-size: 15px; font-weight: 600; overflow-wrap: anywhere; }
		.doing p, .more p { color: var(--ink-2); overflow-wrap: anywhere; }
		.doing .state { white-space: normal; }
		.more .figures { color: var(--ink); }
		.figures span + span::before { content: "·"; margin: 0 8px 0 4px; color: var(--ink-3); }
		.state[data-state="bad"] { color: var(--bad); }
		.state[data-state="bad"] i { background: currentColor; border-radius: 1px; }
		.more .refusal { color: var(--bad); font-weight: 550; }
		li > .button { min-height: 44px; padding: 0 14px; }
		.danger { background: var(--bad); border-color: var(--bad); }
		.danger:hover { background: color-mix(in srgb, var(--bad) 86%, var(--ink)); }
		@media (max-width: 860px) {
			li { grid-template-columns: minmax(0, 1fr) 88px; padding: 6px 12px 10px; }
			li > * { padding: 2px 0; }
			.watch { grid-column: 1; padding: 11px 0 3px; }
			.doing, .more { grid-column: 1 / -1; }
			li > .button { grid-column: 2; grid-row: 1; }
			header .revoke { margin-left: auto; }
		}
	`;
}
