/** What a regular expression may begin with that a pattern of ours can say, and what it says there. */
const steps: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
	[/^\(\.[*+]\)/, () => "*"],
	[/^\.[*+](?!\?)/, () => "*"],
	[/^\\([.\-/_])(?![*+?{])/, ([, letter]) => letter!],
	[/^[A-Za-z0-9_\-/](?![*+?{])/, ([letter]) => letter],
];

/**
 * The pattern of ours (`robot1/*`) that fits the same names as a regular expression of MediaMTX's (`^robot1/(.+)$`, without
 * its `~`); undefined where there is none.
 */
export function patternOf(regex: string): string | undefined {
	let rest = regex.replace(/^\^/, "");
	let pattern = regex.startsWith("^") ? "" : "*";
	while (rest !== "" && rest !== "$") {
		const step = steps.find(([form]) => form.test(rest));
		if (!step) return undefined;
		const match = step[0].exec(rest)!;
		pattern += step[1](match);
		rest = rest.slice(match[0].length);
	}
	if (rest === "") pattern += "*";
	return pattern.replaceAll(/\*+/g, "*");
}
