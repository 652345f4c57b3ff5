/** Edit distance: insertions, deletions, replacements and swaps of neighbours each count one. */
function distance(a: string, b: string): number {
	let before: number[] = [];
	let above = Array.from({ length: b.length + 1 }, (_, column) => column);
	for (let row = 1; row <= a.length; row++) {
		const line = [row];
		for (let column = 1; column <= b.length; column++) {
			const same = a[row - 1] === b[column - 1] ? 0 : 1;
			let least = Math.min(above[column]! + 1, line[column - 1]! + 1, above[column - 1]! + same);
			if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
				least = Math.min(least, before[column - 2]! + 1);
			}
			line.push(least);
		}
		before = above;
		above = line;
	}
	return above[b.length]!;
}

const MAX_LENGTH = 60;

/** The name that `wrong` was most likely meant to be, or undefined where none is near. Upper and lower case count little. */
export function suggest(wrong: string, names: readonly string[]): string | undefined {
	if (wrong.length > MAX_LENGTH) return undefined;
	const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, "");
	let best: string | undefined;
	let least = Math.max(1, Math.floor(wrong.length / 3)) + 1;
	for (const name of names) {
		const steps = distance(plain(wrong), plain(name));
		if (steps < least) [best, least] = [name, steps];
	}
	return best;
}
