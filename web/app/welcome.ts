import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { shared } from "../styles/shared.ts";
import "./copy.ts";

const H264 = "-c:v libx264 -preset veryfast -tune zerolatency -bf 0 -g 60 -pix_fmt yuv420p";

interface Way {
	readonly name: string;
	readonly hint: string;
	readonly command: string;
}

/** Ways to publish a first stream: what to run, and what one should know of it. */
function ways(host: string, origin: string, right: string, port: number | null): Way[] {
	const rtsp = `rtsp://${right}${host}:${port ?? 8554}/robot1/front`;
	const whip = {
		name: "OBS",
		hint: "Settings, Stream: choose the service WHIP and give it this server. The bearer token is USER:PASSWORD.",
		command: `${origin}/robot1/front/whip`,
	};
	if (port === null) return [whip];
	return [
		{
			name: "Robot",
			hint: "On the robot, with its first USB camera. “--source test” sends a test picture instead.",
			command: `vedette robot --source v4l2:/dev/video0 \\\n  --size 1280x720 --fps 30 --bitrate 2000 ${rtsp}`,
		},
		{
			name: "ffmpeg",
			hint: "On any machine: a test picture, or your own input in place of “-f lavfi -i …”.",
			command: `ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 \\\n  ${H264} -b:v 2M \\\n  -f rtsp -rtsp_transport tcp ${rtsp}`,
		},
		{
			name: "GStreamer",
			hint: "On any Linux with the GStreamer plugins “good”, “ugly” and “rtsp”.",
			command: `gst-launch-1.0 v4l2src ! videoconvert ! video/x-raw,format=I420 ! \\\n  x264enc tune=zerolatency bitrate=2000 key-int-max=60 ! h264parse ! \\\n  rtspclientsink protocols=tcp location=${rtsp}`,
		},
		whip,
	];
}

/** What a newcomer sees: nothing is published, and how to change that. */
export class WelcomeNote extends LitElement {
	static override properties = {
		open: { type: Boolean },
		watching: { type: Boolean },
		inviting: { type: Boolean },
		rtspPort: { attribute: false },
		way: { state: true },
	};
	static override styles = [
		shared,
		css`
			:host { max-width: 760px; padding-block: clamp(16px, 6vh, 72px); }
			h1 + p { margin-top: 8px; color: var(--ink-2); font-size: 17px; max-width: 56ch; }
			.tabs { display: flex; flex-wrap: wrap; gap: 4px; margin: 32px 0 16px; border-bottom: 1px solid var(--line); }
			.tabs button {
				min-height: 44px; padding: 0 14px; border: 0; border-bottom: 2px solid transparent; margin-bottom: -1px; background: none;
				color: var(--ink-2); font: inherit; font-weight: 550; cursor: pointer;
			}
			.tabs button:hover { color: var(--ink); }
			.tabs button[aria-selected="true"] { color: var(--ink); border-color: var(--ink); }
			.hint { margin-bottom: 12px; color: var(--ink-2); }
			.after { margin-top: 16px; color: var(--ink-3); font-size: 14px; max-width: 64ch; }
		`,
	];
	/** Whether publishing needs no login. */
	declare open: boolean;
	/** Whether who looks may do no more than watch. */
	declare watching: boolean;
	/** Whether who looks may invite robots. */
	declare inviting: boolean;
	/** Where the relay takes RTSP; null for nowhere. */
	declare rtspPort: number | null;
	declare way: number;

	constructor() {
		super();
		this.open = false;
		this.watching = false;
		this.inviting = false;
		this.rtspPort = null;
		this.way = 0;
	}

	override render(): TemplateResult {
		if (this.watching)
			return html`<h1>No streams yet</h1><p>Nothing that you may watch is being published. A stream appears here by itself.</p>`;
		const all = ways(location.hostname, location.origin, this.open ? "" : "USER:PASSWORD@", this.rtspPort);
		const chosen = all[this.way] ?? all[0]!;
		return html`<h1>No streams yet</h1>
			<p>Nothing is being published to this relay. Start a camera with one of these, and it appears here by itself.</p>
			<div class="tabs" role="tablist" aria-label="Ways to publish" @keydown=${this.#onKey}>
				${all.map(
					({ name }, at) => html`<button
						type="button" role="tab" id=${`tab${at}`} aria-controls="panel" aria-selected=${at === this.way}
						tabindex=${at === this.way ? 0 : -1} @click=${() => this.#choose(at)}
					>${name}</button>`,
				)}
			</div>
			<div role="tabpanel" id="panel" aria-labelledby=${`tab${this.way}`}>
				<p class="hint">${chosen.hint}</p>
				<copyable-code .text=${chosen.command}></copyable-code>
			</div>
			<p class="after">
				${this.open ? "" : "USER and PASSWORD stand for a user of the relay that may publish. "}“robot1/front” is a name of your choice.
			</p>
			${
				this.inviting
					? html`<p class="after">Or let a robot join by one line, so that it streams only while somebody watches: <a href="/robots">invite a robot</a>.</p>`
					: nothing
			}`;
	}

	#choose(way: number): void {
		this.way = way;
	}

	readonly #onKey = ({ key }: KeyboardEvent): void => {
		const count = this.renderRoot.querySelectorAll("[role=tab]").length;
		const move = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? count - 1 : 0;
		if (!move) return;
		this.way = (this.way + move) % count;
		this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>("[aria-selected=true]")?.focus(), String);
	};
}
customElements.define("welcome-note", WelcomeNote);
