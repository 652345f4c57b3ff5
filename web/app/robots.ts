import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { shared } from "../styles/shared.ts";
import { count } from "./format.ts";
import { InviteDialog } from "./invite.ts";
import { listRobots, type RobotList } from "./robot-api.ts";
import "./robot-item.ts";

const PERIOD_MS = 2000;
/** So many are shown at once; a search finds the others. */
const SHOWN = 50;
/** From this many on there is a search field. */
const MANY = 7;

/** The relay's robots: who is here, what their cameras do and for whom. */
export class RobotsPage extends LitElement {
	static override properties = {
		control: { attribute: false },
		list: { state: true },
		problem: { state: true },
		query: { state: true },
	};
	static override styles = [shared, styles()];
	/** Whether who looks may start and stop cameras. */
	declare control: boolean;
	/** Null before the relay has told. */
	declare list: RobotList | null;
	/** Why the relay does not tell (any more); empty where it does. */
	declare problem: string;
	declare query: string;
	#timer: ReturnType<typeof setTimeout> | undefined;
	/** Only the newest question's answer counts. */
	#asked = 0;

	constructor() {
		super();
		this.control = false;
		this.list = null;
		this.problem = "";
		this.query = "";
	}

	override connectedCallback(): void {
		super.connectedCallback();
		document.addEventListener("visibilitychange", this.#look);
		void this.#look();
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		document.removeEventListener("visibilitychange", this.#look);
		clearTimeout(this.#timer);
		this.#asked++;
	}

	override render(): TemplateResult {
		const { list } = this;
		if (!list)
			return html`<div class="top"><div><h1>Robots</h1><p class="sum" role="status">${this.problem || "Asking the relay"}</p></div></div>`;
		const body = list.total === 0 ? this.#nobody(list) : this.#robots(list);
		return html`${body}${list.mayInvite ? html`<invite-dialog @changed=${this.#look}></invite-dialog>` : nothing}`;
	}

	#nobody({ mayInvite }: RobotList): TemplateResult {
		return html`<div class="nobody">
			<h1>No robots yet</h1>
			<p>A robot joins by one line that it is given once. From then on it keeps its cameras asleep, and streams only while somebody watches.</p>
			${
				mayInvite
					? html`<button class="button" type="button" @click=${this.#invite}>Invite a robot</button>`
					: html`<p>Who administers this relay can invite one.</p>`
			}
		</div>`;
	}

	#robots(list: RobotList): TemplateResult {
		const { robots, found, total } = list;
		return html`<div class="top">
				<div><h1>Robots</h1><p class="sum"><span>${list.online} online</span>${total > list.online ? html`<span>${total - list.online} offline</span>` : nothing}</p></div>
				<div class="tools">
					${total >= MANY ? this.#search() : nothing}
					${list.mayInvite ? html`<button class="button" type="button" @click=${this.#invite}>Invite a robot</button>` : nothing}
				</div>
			</div>
			${this.problem ? html`<p class="old" role="status">${this.problem} What is shown is old.</p>` : nothing}
			${found === 0 ? html`<p class="none">No robot's name contains “${this.query.trim()}”.</p>` : nothing}
			<ul class=${this.problem ? "stale" : ""}>
				${repeat(
					robots,
					({ name }) => name,
					(robot) =>
						html`<li><robot-item .robot=${robot} .now=${list.now} .control=${this.control} .admin=${list.mayInvite} @changed=${this.#look}></robot-item></li>`,
				)}
			</ul>
			${found > robots.length ? html`<p class="none">${robots.length} of ${count(found, "robot")} are shown. Search for the others by their names.</p>` : nothing}`;
	}

	#search(): TemplateResult {
		return html`<input
			class="field search" type="search" placeholder="Search by name" aria-label="Search robots by name" .value=${this.query}
			@input=${({ target }: InputEvent) => {
				if (!(target instanceof HTMLInputElement)) return;
				this.query = target.value;
				void this.#look();
			}}
		/>`;
	}

	readonly #invite = (): void => {
		const found = this.renderRoot.querySelector("invite-dialog");
		if (found instanceof InviteDialog) found.open();
	};

	/** Asks the relay, now and from now on while somebody sees the page. */
	readonly #look = async (): Promise<void> => {
		clearTimeout(this.#timer);
		if (document.hidden) return;
		const asked = ++this.#asked;
		const outcome = await listRobots(this.query, SHOWN);
		if (asked !== this.#asked) return;
		if (outcome.is === "done") this.list = outcome.value;
		this.problem = outcome.is === "refused" ? outcome.why : "";
		this.#timer = setTimeout(this.#look, PERIOD_MS);
	};
}
customElements.define("robots-page", RobotsPage);

function styles() {
	return css`
		:host { padding: 24px max(24px, env(safe-area-inset-right)) 64px max(24px, env(safe-area-inset-left)); max-width: 1680px; margin: 0 auto; }
		.top { display: flex; flex-wrap: wrap; align-items: end; justify-content: space-between; gap: 16px 32px; margin-bottom: 20px; }
		.sum { margin-top: 4px; color: var(--ink-2); display: flex; flex-wrap: wrap; gap: 0 16px; }
		.tools { display: flex; gap: 12px; }
		.search { width: 260px; }
		.tools .button { flex: none; }
		.none { color: var(--ink-2); padding: 24px 0; }
		.old { margin-bottom: 12px; color: var(--stalled); font-weight: 550; }
		.stale { opacity: .5; }
		.nobody { max-width: 60ch; padding-block: clamp(16px, 6vh, 72px); }
		.nobody p { margin-top: 8px; color: var(--ink-2); font-size: 17px; }
		.nobody .button { margin-top: 24px; }
		@media (max-width: 600px) {
			:host { padding: 16px max(16px, env(safe-area-inset-right)) 48px max(16px, env(safe-area-inset-left)); }
			h1 { font-size: 24px; line-height: 30px; }
			.tools { flex: 1 1 100%; }
			.search { flex: 1 1 0; min-width: 0; }
		}
	`;
}
