/** The player's icons: one grid of 24, one stroke, drawn here. */
import { type SVGTemplateResult, svg } from "lit";

export const icons = {
	play: svg`<path d="M8 5.5v13l10.5-6.5z" fill="currentColor" stroke-linejoin="round" />`,
	pause: svg`<path d="M8.5 5.5v13M15.5 5.5v13" stroke-width="3" stroke-linecap="butt" />`,
	sound: svg`<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11" />`,
	muted: svg`<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5" />`,
	camera: svg`<path d="M4 7.5h3.5L9 5h6l1.5 2.5H20v11H4z" /><circle cx="12" cy="12.8" r="3.3" />`,
	window: svg`<path d="M10 18.5H3.5v-13h17V10" /><path d="M13 13.5h8v5.5h-8z" fill="currentColor" />`,
	info: svg`<path d="M4 19v-6M9.3 19V9M14.6 19v-8.5M20 19V5" />`,
	expand: svg`<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5" />`,
	shrink: svg`<path d="M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5" />`,
} satisfies Record<string, SVGTemplateResult>;
