import { css } from "lit";

/** The player is dark on every page: it stands around a picture. Sizes follow its own width, not the window's. */
export const styles = css`
	:host {
		--_live: #46c98b;
		--_amber: #f4b53f;
		--_red: #ff7d6e;
		--_grey: #a3adaf;
		--_ink: #f1f4f2;
		display: block;
		position: relative;
		container-type: inline-size;
		aspect-ratio: 16 / 9;
		overflow: hidden;
		background: #0b0d0e;
		color: var(--_ink);
		font: 400 14px/1.45 var(--vedette-font, system-ui, sans-serif);
		font-variant-numeric: tabular-nums;
		-webkit-tap-highlight-color: transparent;
	}
	:host([hidden]) { display: none; }
	:host(:fullscreen) { aspect-ratio: auto; width: 100%; height: 100%; }
	.stage { position: absolute; inset: 0; outline: none; }
	.stage:focus-visible::after {
		content: ""; position: absolute; inset: 0; border: 3px solid #7aa7ff; pointer-events: none; z-index: 3;
	}
	/* What is behind plays, but out of sight. */
	.screen { position: absolute; inset: 0; isolation: isolate; transition: filter .35s; }
	video, canvas { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
	video { z-index: 0; }
	.front { z-index: 1; }
	canvas { z-index: 2; display: none; }
	.stage.still canvas { display: block; }
	.stage.dim .screen { filter: grayscale(.75) brightness(.34); }
	.stage.idle { cursor: none; }

	.badge {
		position: absolute; z-index: 3; display: flex; align-items: center; gap: 7px;
		top: max(12px, env(safe-area-inset-top)); left: max(12px, env(safe-area-inset-left));
		padding: 4px 10px 4px 9px; border-radius: 4px; background: rgb(11 13 14 / .72);
		font-weight: 600; font-size: 12px; line-height: 16px; letter-spacing: .01em;
	}
	.badge .way { font-weight: 400; color: #c6cfcf; }
	.badge i { width: 8px; height: 8px; border-radius: 50%; background: var(--_grey); }
	[data-tone="live"] i { background: var(--_live); }
	[data-tone="wait"] i { background: none; box-shadow: inset 0 0 0 2px var(--_ink); animation: blink 1.2s steps(2, jump-none) infinite; }
	[data-tone="stalled"] i { background: var(--_amber); border-radius: 1px; }
	[data-tone="bad"] i { background: var(--_red); border-radius: 1px; transform: rotate(45deg); }
	[data-tone="off"] i { background: none; box-shadow: inset 0 0 0 2px var(--_grey); }

	.notice {
		position: absolute; inset: 0; z-index: 1; display: flex; flex-direction: column; align-items: center;
		justify-content: center; padding: 40px 24px 56px; text-align: center; text-wrap: balance; pointer-events: none;
	}
	.notice > * { margin: 0; max-width: 46ch; }
	.notice p { color: #c6cfcf; }
	.notice .title { color: var(--_ink); font-size: clamp(16px, 2.6cqw, 24px); line-height: 1.25; font-weight: 600; letter-spacing: -.01em; }
	.notice .title + p { margin-top: 6px; }
	.notice .age { font-size: clamp(40px, 9cqw, 96px); line-height: 1; font-weight: 600; letter-spacing: -.035em; color: var(--_amber); }
	.notice .age + .title { margin-top: 8px; }
	.notice .past { margin-top: 14px; font-size: 13px; }
	.notice .past b { color: var(--_ink); font-weight: 600; }
	.notice a, .notice button { pointer-events: auto; }
	.act {
		display: inline-flex; align-items: center; min-height: 44px; padding: 0 20px; margin-top: 18px !important;
		border: 0; border-radius: 6px; background: var(--_ink); color: #0b0d0e; font: inherit; font-weight: 600;
		text-decoration: none; cursor: pointer;
	}
	.act:hover { background: #fff; }
	.sweep { position: relative; width: 96px; height: 2px; margin-top: 20px !important; background: rgb(255 255 255 / .16); overflow: hidden; }
	.sweep::after { content: ""; position: absolute; inset: 0 66% 0 0; background: var(--_ink); animation: sweep 1.5s cubic-bezier(.5, 0, .5, 1) infinite alternate; }

	.tap {
		position: absolute; inset: 0; z-index: 2; width: 100%; border: 0; background: rgb(11 13 14 / .5); color: inherit;
		font: inherit; font-weight: 600; display: flex; flex-direction: column; gap: 8px; align-items: center; justify-content: center; cursor: pointer;
	}
	.tap svg { width: 64px; height: 64px; }

	.bar {
		position: absolute; z-index: 2; inset: auto 0 0; display: flex; align-items: center; gap: 2px;
		padding: 28px max(8px, env(safe-area-inset-right)) max(6px, env(safe-area-inset-bottom)) max(8px, env(safe-area-inset-left));
		background: linear-gradient(to top, rgb(5 6 7 / .82), rgb(5 6 7 / .5) 55%, transparent);
		transition: opacity .2s, visibility .2s;
	}
	.idle .bar { opacity: 0; visibility: hidden; }
	.bar button {
		display: grid; place-items: center; width: 44px; height: 44px; flex: none; padding: 0; border: 0; border-radius: 6px;
		background: none; color: inherit; cursor: pointer;
	}
	.bar button:disabled { opacity: .4; cursor: default; }
	.bar button:enabled:hover { background: rgb(255 255 255 / .14); }
	.bar button[aria-pressed="true"] { background: rgb(255 255 255 / .2); }
	.bar button:focus-visible, .act:focus-visible, .tap:focus-visible { outline: 3px solid #7aa7ff; outline-offset: -3px; }
	svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
	/* Figures that do not fit wrap out of sight as a whole, never cut in two. */
	.facts { flex: 1; display: flex; flex-wrap: wrap; gap: 0 12px; min-width: 0; height: 20px; padding: 0 8px; overflow: hidden; font-size: 13px; line-height: 20px; color: #dbe1df; }

	.stats {
		position: absolute; z-index: 2; top: max(12px, env(safe-area-inset-top)); right: max(12px, env(safe-area-inset-right));
		width: 272px; max-height: calc(100% - 76px); overflow: auto; box-sizing: border-box; padding: 12px 16px;
		border-radius: 6px; background: rgb(11 13 14 / .82); font-size: 13px;
	}
	.stats dl { margin: 0; }
	.stats dl div { display: flex; justify-content: space-between; gap: 12px; padding: 2px 0; }
	.stats dt { color: #aab4b5; white-space: nowrap; }
	.stats dd { margin: 0; text-align: right; }
	.line { display: block; width: 100%; height: 36px; margin-bottom: 8px; border-bottom: 1px solid rgb(255 255 255 / .2); }
	.line polyline { stroke: var(--_ink); stroke-width: 1.25; vector-effect: non-scaling-stroke; }

	.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

	@container (max-width: 560px) {
		.facts { gap: 0 8px; padding: 0 4px; font-size: 12px; }
		.notice { padding: 34px 16px 50px; }
		.notice p { font-size: 13px; }
		.notice .sweep { margin-top: 12px !important; }
		.act { margin-top: 10px !important; }
		.stats { inset: 0 0 50px; width: auto; max-height: none; border-radius: 0; padding: 42px 16px 6px; font-size: 12px; background: rgb(11 13 14 / .88); }
		.stats dl { columns: 2; column-gap: 24px; }
		.stats dl div { break-inside: avoid; padding: 1px 0; gap: 6px; }
		.stats .line { display: none; }
		/* There is room for one of them: what is wrong, and the button that mends it, before figures. */
		.notice ~ .stats { display: none; }
	}
	@keyframes sweep { from { transform: translateX(0); } to { transform: translateX(194%); } }
	@keyframes blink { from { opacity: 1; } to { opacity: .25; } }
	@media (prefers-reduced-motion: reduce) {
		*, *::before, *::after { animation: none !important; transition: none !important; }
		.sweep::after { inset: 0; opacity: .5; }
	}
`;
