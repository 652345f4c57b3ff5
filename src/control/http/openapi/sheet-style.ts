import { Html } from "./html.ts";

/** How the page looks. The colours are the system's where the stylesheet behind it has none. */
export const sheetStyle = new Html(`
:root {
	--paper: Canvas; --surface: Canvas; --sunk: color-mix(in srgb, CanvasText 6%, Canvas); --line: color-mix(in srgb, CanvasText 18%, Canvas);
	--ink: CanvasText; --ink-2: color-mix(in srgb, CanvasText 78%, Canvas); --ink-3: color-mix(in srgb, CanvasText 65%, Canvas);
	--live: CanvasText; --focus: Highlight; --mono: ui-monospace, monospace; --font: system-ui, sans-serif; color-scheme: light dark;
}
*, *::before, *::after { box-sizing: border-box; }
html { scroll-padding-top: 16px; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 400 15px/1.5 var(--font); }
h1, h2, h4, p, dl, dd, ul, pre { margin: 0; padding: 0; }
h1 { font-size: 28px; line-height: 34px; font-weight: 640; letter-spacing: -.022em; }
h2 { font-size: 18px; line-height: 24px; font-weight: 620; letter-spacing: -.012em; }
h4 { margin-top: 8px; font-size: 13px; font-weight: 600; color: var(--ink-3); }
ul { list-style: none; }
a { color: inherit; text-underline-offset: 3px; text-decoration-thickness: 1px; }
code, pre { font: 400 13px/1.6 var(--mono); overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
header { display: flex; align-items: center; min-height: 64px; padding: 10px 24px; }
.home { display: inline-flex; align-items: center; gap: 8px; min-height: 44px; font-size: 18px; font-weight: 680; letter-spacing: -.02em; text-decoration: none; }
.home svg { width: 22px; height: 22px; }
.pole { stroke: var(--ink); stroke-width: 2; stroke-linecap: round; }
.flag { fill: var(--live); }
.page { display: grid; grid-template-columns: 184px minmax(0, 980px); gap: 40px; padding: 8px 24px 96px; }
nav ul { position: sticky; top: 16px; }
nav a { display: block; padding: 5px 0; color: var(--ink-2); text-decoration: none; }
nav a:hover { color: var(--ink); text-decoration: underline; }
section { margin-top: 44px; }
.lead { margin: 6px 0 0; max-width: 72ch; color: var(--ink-2); }
h2 + .lead { margin-bottom: 12px; }
details { border-top: 1px solid var(--line); }
details:last-child { border-bottom: 1px solid var(--line); }
summary { display: grid; grid-template-columns: 68px minmax(0, 1fr) minmax(0, 1fr) 110px; gap: 2px 12px; align-items: baseline; padding: 10px 0; min-height: 44px; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover .path { text-decoration: underline; text-underline-offset: 3px; }
.method { font: 600 12px/1.6 var(--mono); }
.method.get, .method.options { color: var(--ink-3); }
.path { font-size: 14px; }
.what { color: var(--ink-2); }
.right { color: var(--ink-3); text-align: right; }
.right .wide { font-size: 13px; }
details.shape summary { grid-template-columns: 1fr; }
.more { display: grid; gap: 10px; scroll-margin-top: 48px; padding: 2px 0 24px 80px; }
details.shape .more { padding-left: 0; }
.more > p { max-width: 72ch; }
pre { padding: 12px 14px; border-radius: 6px; background: var(--sunk); white-space: pre-wrap; }
dl > div { display: grid; grid-template-columns: minmax(140px, 260px) minmax(0, 1fr); gap: 2px 16px; padding: 5px 0; }
dt span, .kind { color: var(--ink-3); font-size: 13px; }
.answers > div { grid-template-columns: 64px minmax(0, 1fr); }
.fields { margin: 4px 0; padding-left: 14px; border-left: 1px solid var(--line); }
.content { padding: 2px 0; }
@media (max-width: 860px) {
	header { min-height: 56px; padding-inline: 16px; }
	.page { display: block; padding: 0 16px 64px; }
	nav { margin-bottom: 24px; }
	nav ul { position: static; display: flex; flex-wrap: wrap; gap: 0 18px; }
	nav a { padding: 10px 0; }
	section { margin-top: 36px; }
	summary { grid-template-columns: 62px minmax(0, 1fr) auto; padding: 12px 0; }
	.what { grid-column: 2 / -1; }
	.right { grid-column: 3; grid-row: 1; }
	.right .wide { display: none; }
	.more { padding-left: 0; }
	dl > div { grid-template-columns: minmax(0, 1fr); padding: 7px 0; }
	.answers > div { grid-template-columns: 52px minmax(0, 1fr); }
}
`);
