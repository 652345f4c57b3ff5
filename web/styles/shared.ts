import { css } from "lit";

/** What the page's elements share: headings, buttons, fields, focus. */
export const shared = css`
	*, *::before, *::after { box-sizing: border-box; }
	:host { display: block; }
	:host([hidden]), [hidden] { display: none !important; }
	h1, h2, h3, p, dl, dd, ul, ol { margin: 0; padding: 0; }
	ul, ol { list-style: none; }
	h1 { font-size: 28px; line-height: 34px; font-weight: 640; letter-spacing: -.022em; }
	h2 { font-size: 18px; line-height: 24px; font-weight: 620; letter-spacing: -.012em; }
	a { color: inherit; text-underline-offset: 3px; text-decoration-thickness: 1px; }
	:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
	code, pre { font: 400 13px/1.6 var(--mono); }
	.button {
		display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-height: 44px; padding: 0 18px; border: 1px solid var(--ink);
		border-radius: 6px; background: var(--ink); color: var(--paper); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer;
	}
	.button:hover { background: color-mix(in srgb, var(--ink) 86%, var(--paper)); }
	.button:disabled { opacity: .55; cursor: default; }
	.button.quiet { background: none; border-color: var(--line); color: var(--ink); }
	.button.quiet:hover { border-color: var(--ink-3); }
	.field {
		width: 100%; min-height: 44px; padding: 0 14px; border: 1px solid var(--line); border-radius: 6px; background: var(--surface);
		color: var(--ink); font: inherit;
	}
	.field:hover { border-color: var(--ink-3); }
	.field::placeholder { color: var(--ink-3); opacity: 1; }
	.state { display: inline-flex; align-items: center; gap: 7px; font-weight: 600; white-space: nowrap; }
	.state i { width: 8px; height: 8px; border-radius: 50%; flex: none; box-shadow: inset 0 0 0 2px currentColor; }
	.state[data-state="live"] { color: var(--live); }
	.state[data-state="live"] i { background: currentColor; }
	.state[data-state="stalled"] { color: var(--stalled); }
	.state[data-state="stalled"] i { background: currentColor; border-radius: 1px; }
	.state[data-state="offline"] { color: var(--ink-3); }
	@media (prefers-reduced-motion: reduce) {
		*, *::before, *::after { animation: none !important; transition: none !important; }
	}
`;
