/** What a regular expression may begin with that a pattern of ours can say, and what it says there. */
const steps: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
	[/^\(\.([*+])\)/, ([, sign]) => sign!],
	[/^\.([*+])(?!\?)/, ([, sign]) => sign!],
	[/^\\([.\-/_])(?![*+?{])/, ([, letter]) => letter!],
	[/^[A-Za-z0-9_\-/](?![*+?{])/, ([letter]) => letter],
];

interface Reading {
	/** A pattern with `+` for a star that stands for one letter at least. */
	readonly pattern: string;
	/** What could not be said. */
	readonly rest: string;
}

function readRegex(regex: string): Reading {
	let rest = regex.replace(/^\^/, "");
	let pattern = regex.startsWith("^") ? "" : "*";
	while (rest !== "" && rest !== "$") {
		const step = steps.find(([form]) => form.test(rest));
		if (!step) return { pattern, rest };
		const match = step[0].exec(rest)!;
		pattern += step[1](match);
		rest = rest.slice(match[0].length);
	}
	return { pattern: rest === "" ? `${pattern}*` : pattern, rest: "" };
}

function withStars(pattern: string): string {
	return pattern.replaceAll(/[*+]+/g, "*");
}

/**
 * The pattern of ours (`robot1/*`) that fits the same names as a regular expression of MediaMTX's (`^robot1/(.+)$`, without
 * its `~`), and after it patterns for names that are to be taken away again (`!cam` for `^cam.+$`); undefined where the
 * regular expression cannot be said so.
 */
export function patternsOf(regex: string): readonly [pattern: string, ...except: string[]] | undefined {
	const { pattern: read, rest } = readRegex(regex);
	const pattern = read.replaceAll(/\*+\+\**|\+\*+/g, "+").replaceAll(/\*+/g, "*");
	// Two letters at least cannot be said.
	if (rest !== "" || /[*+]{2}/.test(pattern)) return undefined;
	const except = [...pattern.matchAll(/\+/g)].flatMap(({ index }) => {
		const [before, after] = [pattern.slice(0, index), pattern.slice(index + 1)];
		// No name has an empty segment.
		return /(^|\/)$/.test(before) && /^(\/|$)/.test(after) ? [] : [`!${withStars(before + after)}`];
	});
	return [withStars(pattern), ...except];
}

/** A pattern that fits all the names that the regular expression fits, and others. */
export function widerPatternOf(regex: string): string {
	// An alternative anywhere may undo what stands before it.
	return regex.includes("|") ? "*" : withStars(`${readRegex(regex).pattern}*`);
}
