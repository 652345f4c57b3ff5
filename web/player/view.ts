/** The player's templates: what is drawn over the picture. No state of their own. */
import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import { icons } from "./icons.ts";
import type { Reading } from "./meter.ts";
import { duration, type Words, wayWords } from "./words.ts";

export interface View {
	readonly words: Words;
	readonly name: string;
	/** Milliseconds since the last picture; null before the first. */
	readonly age: number | null;
	readonly stalled: boolean;
	readonly running: boolean;
	readonly muted: boolean;
	readonly hasAudio: boolean;
	readonly fullscreen: boolean;
	readonly canPicture: boolean;
	readonly canFullscreen: boolean;
	readonly needsTap: boolean;
	readonly showStats: boolean;
	readonly reading: Reading | null;
	/** Milliseconds from capture to screen by the sender's clock; null where unknown. */
	readonly sinceCapture: number | null;
	/** Milliseconds from arrival in the browser to the screen; null where unknown. */
	readonly sinceArrival: number | null;
	readonly history: readonly number[];
	readonly leftOut: readonly string[];
	/** Where to sign in; empty where there is no such page. */
	readonly login: string;
	press(key: string): void;
}

const DASH = "–";
const figure = (value: number | null, digits: number, unit: string): string =>
	value === null ? DASH : `${value.toFixed(digits)} ${unit}`;

function rate(bitsPerSecond: number | null): string {
	if (bitsPerSecond === null) return DASH;
	return bitsPerSecond >= 1e6
		? `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`
		: `${(bitsPerSecond / 1e3).toFixed(0)} kbit/s`;
}

const drawn = (icon: SVGTemplateResult): TemplateResult =>
	html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">${icon}</svg>`;

function button(
	view: View,
	key: string,
	label: string,
	icon: SVGTemplateResult,
	{ pressed, disabled = false }: { pressed?: boolean; disabled?: boolean } = {},
): TemplateResult {
	const hint = `${label} (${key === " " ? "space" : key})`;
	return html`<button
		type="button"
		part="button"
		title=${hint}
		aria-label=${label}
		aria-keyshortcuts=${key === " " ? "Space" : key}
		?disabled=${disabled}
		aria-pressed=${pressed === undefined ? nothing : String(pressed)}
		@click=${() => view.press(key)}
	>${drawn(icon)}</button>`;
}

export function controls(view: View): TemplateResult {
	return html`<div class="bar" part="controls" role="toolbar" aria-label="Player controls">
		${button(view, " ", view.running ? "Pause" : "Play", view.running ? icons.pause : icons.play)}
		${view.hasAudio ? button(view, "m", view.muted ? "Turn sound on" : "Mute", view.muted ? icons.muted : icons.sound) : nothing}
		<span class="facts">${facts(view)}</span>
		${button(view, "i", "Figures", icons.info, { pressed: view.showStats })}
		${button(view, "s", "Save picture", icons.camera, { disabled: view.age === null })}
		${view.canPicture ? button(view, "p", "Picture in picture", icons.window) : nothing}
		${
			view.canFullscreen
				? button(
						view,
						"f",
						view.fullscreen ? "Leave full screen" : "Full screen",
						view.fullscreen ? icons.shrink : icons.expand,
					)
				: nothing
		}
	</div>`;
}

function facts({ reading, words }: View): TemplateResult | typeof nothing {
	if (!reading || words.tone !== "live") return nothing;
	const size = reading.width && reading.height ? `${reading.width}×${reading.height}` : "";
	const fps = reading.fps === null ? "" : `${Math.round(reading.fps)} fps`;
	const parts = [size, fps, reading.bitrate === null ? "" : rate(reading.bitrate)];
	return html`${parts.map((part) => html`<span>${part}</span>`)}`;
}

export function badge({ words, reading }: View): TemplateResult {
	const way = words.tone === "live" ? wayWords(reading) : "";
	return html`<div class="badge" part="badge" data-tone=${words.tone}><i aria-hidden="true"></i>${words.label}${way ? html` <span class="way">${way}</span>` : nothing}</div>`;
}

/** What stands over the dimmed picture, or over black, when there are no pictures. */
export function notice(view: View): TemplateResult | typeof nothing {
	const { words, age } = view;
	if (view.needsTap) {
		return html`<button type="button" class="tap" @click=${() => view.press("tap")}>${drawn(icons.play)}<span>Tap to play</span></button>`;
	}
	if (words.tone === "live") return nothing;
	const past = age === null ? nothing : html`<p class="past">Last picture <b>${duration(age)}</b> ago</p>`;
	return html`<div class="notice" data-tone=${words.tone}>
		${
			view.stalled && age !== null
				? html`<p class="age" aria-hidden="true">${duration(age)}</p><p class="title">without a new picture</p>`
				: html`<p class="title">${words.title}</p>`
		}
		${words.detail ? html`<p>${words.detail}</p>` : nothing}
		${view.stalled || (words.tone === "off" && !words.trying) ? nothing : past}
		${words.trying ? html`<div class="sweep" aria-hidden="true"></div>` : nothing}
		${words.label === "No access" && view.login ? html`<a class="act" href=${view.login}>Sign in</a>` : nothing}
		${words.act ? html`<button type="button" class="act" @click=${() => view.press(" ")}>${words.act}</button>` : nothing}
	</div>`;
}

/** Half the round trip and what the browser takes. */
function fromRelay({ sinceArrival, reading }: View): number | null {
	const roundTrip = reading?.roundTrip ?? null;
	return sinceArrival === null || roundTrip === null ? null : sinceArrival + roundTrip / 2;
}

const WIDTH = 240;
const HEIGHT = 36;

function line(history: readonly number[]): TemplateResult {
	const most = Math.max(...history, 1);
	const points = history
		.map(
			(value, at) =>
				`${WIDTH - ((history.length - 1 - at) * WIDTH) / 59},${HEIGHT - 1 - (value / most) * (HEIGHT - 3)}`,
		)
		.join(" ");
	return html`<svg class="line" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
		${svg`<polyline points=${points} />`}
	</svg>`;
}

export function statistics(view: View): TemplateResult | typeof nothing {
	if (!view.showStats) return nothing;
	const r = view.reading;
	const isFed = r?.way === "websocket" || r?.way === "hls";
	const rows: [string, string][] = [
		["Picture", r?.width && r.height ? `${r.width} × ${r.height}` : DASH],
		["Rate", figure(r?.fps ?? null, 1, "fps")],
		["Codec", r?.codec ?? DASH],
		["Bitrate", rate(r?.bitrate ?? null)],
		["Lost", r ? `${r.lost} packets${r.loss ? `, ${(r.loss * 100).toFixed(1)} % now` : ""}` : DASH],
		["Round trip", figure(r?.roundTrip ?? null, 0, "ms")],
		[isFed ? "Behind the newest" : "Jitter buffer", figure(r?.buffer ?? null, 0, "ms")],
		["Decoding", figure(r?.decode ?? null, 1, "ms")],
		["Relay to screen", figure(fromRelay(view), 0, "ms")],
		["Dropped, frozen", r ? `${r.dropped}, ${r.freezes}` : DASH],
		["Way", r?.route ?? DASH],
	];
	if (view.sinceCapture !== null) rows.push(["Capture to screen", figure(view.sinceCapture, 0, "ms")]);
	if (view.leftOut.length) rows.push(["Left out", view.leftOut.join("; ")]);
	return html`<section class="stats" part="stats" aria-label="Figures">
		${view.history.length > 1 ? line(view.history) : nothing}
		<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
	</section>`;
}
