const signs: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** A piece of a page, safe to stand in it. */
export class Html {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

type Piece = string | number | Html | readonly Html[] | undefined | false;

function textOf(piece: Piece): string {
	if (piece === undefined || piece === false) return "";
	if (piece instanceof Html) return piece.text;
	if (typeof piece === "object") return piece.map(({ text }) => text).join("");
	return String(piece).replaceAll(/[&<>"']/g, (sign) => signs[sign]!);
}

/** A template of HTML; what is put into it is escaped, but for `Html`. */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
	return new Html(parts.map((part, index) => part + textOf(pieces[index])).join(""));
}

/** Prose in which code stands between backticks. */
export function prose(text: string): Html {
	const parts = text.split("`");
	return html`${parts.map((part, index) => (index % 2 ? html`<code>${part}</code>` : html`${part}`))}`;
}
