/**
 * Text of an address without its percent-encoding. What is none stays as it was typed: people write passwords with `%` in
 * them.
 */
export function percentDecoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
