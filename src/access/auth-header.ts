/** One challenge or one answer to it: a scheme with parameters, or with one token (RFC 9110 section 11). */
export interface AuthHeader {
	/** In lower case: `basic`, `digest`. */
	readonly scheme: string;
	/** Basic's one token; empty where there are parameters. */
	readonly token: string;
	/** By lower-case name, quotes removed. */
	readonly parameters: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 8192;

const scheme = /[ \t,]*([A-Za-z][A-Za-z0-9-]*)(?:[ \t]+|(?=,)|$)/y;
const parameter =
	/[ \t,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",=][^\s",]*))[ \t]*(?=,|$)/y;
const token = /([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|$)/y;

function at(pattern: RegExp, text: string, position: number): RegExpExecArray | undefined {
	pattern.lastIndex = position;
	return pattern.exec(text) ?? undefined;
}

/**
 * Parses the value of an Authorization or WWW-Authenticate header. The latter may hold several challenges.
 * Gives an empty list where the value is not of that form or longer than 8 KiB.
 */
export function parseAuthHeader(text: string): readonly AuthHeader[] {
	if (text.length > MAX_LENGTH) return [];
	const found: AuthHeader[] = [];
	let position = 0;
	while (position < text.length) {
		const name = at(scheme, text, position);
		if (!name) return /^[ \t,]*$/.test(text.slice(position)) ? found : [];
		position += name[0].length;
		const parameters = new Map<string, string>();
		for (let next = at(parameter, text, position); next; next = at(parameter, text, position)) {
			parameters.set(next[1]!.toLowerCase(), next[2]?.replaceAll(/\\(.)/g, "$1") ?? next[3]!);
			position += next[0].length;
		}
		const single = parameters.size === 0 ? at(token, text, position) : undefined;
		if (single) position += single[0].length;
		const isBare = position === text.length || text[position] === ",";
		if (parameters.size === 0 && !single && !isBare) return [];
		found.push({ scheme: name[1]!.toLowerCase(), token: single?.[1] ?? "", parameters });
	}
	return found;
}

/** A string between quotes as RFC 9110 section 5.6.4 writes it. */
export function quote(text: string): string {
	return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
