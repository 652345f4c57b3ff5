import { css } from "lit";

/** A question that stands before the page. */
export const dialog = css`
	dialog {
		width: min(100% - 32px, 560px); max-height: calc(100dvh - 32px); padding: 28px; border: 1px solid var(--line); border-radius: 10px;
		background: var(--paper); color: var(--ink); overflow: auto;
	}
	dialog::backdrop { background: rgb(11 13 14 / .55); }
	dialog h2 { font-size: 22px; line-height: 28px; }
	dialog h2 + p { margin-top: 6px; color: var(--ink-2); }
	dialog form { display: grid; gap: 18px; margin-top: 20px; }
	dialog label { display: grid; gap: 6px; font-weight: 550; font-size: 14px; }
	dialog label small { font-size: 13px; font-weight: 400; color: var(--ink-2); }
	dialog .field { font-size: 16px; font-weight: 400; }
	.problem { padding-left: 12px; border-left: 3px solid var(--bad); color: var(--bad); font-weight: 550; }
	.choices { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 12px; margin-top: 24px; }
	form .choices { margin-top: 4px; }
	@media (max-width: 600px) {
		dialog { padding: 20px; }
		.choices .button { flex: 1 1 auto; }
	}
`;
