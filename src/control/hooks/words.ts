/** The parts of a command line: which program, with which arguments. Nothing is a shell's here. */

/** Programs that read variables from their environment by themselves. */
const shells = /^(?:.*\/)?(?:sh|ash|bash|dash|ksh|zsh|fish)$/;

const variable = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

const beginsWithVariable = /^\$(?:\{[A-Za-z_]\w*\}|[A-Za-z_]\w*)/;

/** Inside double quotes a backslash stands before these only. */
const escapable = '"\\$`';

function quoted(text: string, at: number, quote: string): { readonly text: string; readonly next: number } {
	let word = "";
	for (let next = at; next < text.length; next++) {
		const letter = text[next]!;
		if (letter === quote) return { text: word, next: next + 1 };
		const escapes = quote === '"' && letter === "\\" && escapable.includes(text[next + 1] ?? "x");
		word += escapes ? text[++next] : letter;
	}
	throw new Error(`the quote ${quote} has no end`);
}

/** Splits a command at spaces, as a shell does: quotes hold together, a backslash takes the next letter as it is. */
export function splitWords(text: string): string[] {
	const words: string[] = [];
	let word: string | undefined;
	for (let at = 0; at < text.length; ) {
		const letter = text[at]!;
		if (letter === '"' || letter === "'") {
			const part = quoted(text, at + 1, letter);
			word = (word ?? "") + part.text;
			at = part.next;
		} else if (/\s/.test(letter)) {
			if (word !== undefined) words.push(word);
			word = undefined;
			at++;
		} else {
			if (letter === "\\") at++;
			word = (word ?? "") + (text[at] ?? "");
			at++;
		}
	}
	if (word !== undefined) words.push(word);
	return words;
}

/**
 * Puts values in the place of `$NAME` and `${NAME}`, word by word: whatever a value holds, it stays within its word. A
 * shell's own words are left alone: it finds the values in its environment, where they cannot become commands. Throws
 * where a value of `given` would make a word that begins with `-`: programs would take it for an option.
 */
export function expandWords(
	words: readonly string[],
	given: Readonly<Record<string, string>>,
	environment: Readonly<Record<string, string | undefined>>,
): string[] {
	if (shells.test(words[0] ?? "")) return [...words];
	return words.map((word) => {
		const expanded = word.replaceAll(variable, (_, braced?: string, bare?: string) => {
			const name = (braced ?? bare)!;
			return given[name] ?? environment[name] ?? "";
		});
		if (beginsWithVariable.test(word) && expanded.startsWith("-")) {
			throw new Error(`${word.slice(0, 80)} would be taken for an option: "${expanded.slice(0, 80)}"`);
		}
		return expanded;
	});
}
