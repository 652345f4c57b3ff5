import { quartiles } from "./statistics.ts";

/**
 * Each round has a slot of every contender, every other round in reverse: A B B A A B …. What the machine does meanwhile
 * meets neighbours alike. Gives each contender's figures, round by round.
 */
export async function inSlots<T>(rounds: number, contenders: readonly (() => Promise<T>)[]): Promise<T[][]> {
	const figures = contenders.map((): T[] => []);
	for (let round = 0; round < rounds; round++) {
		const order = [...contenders.keys()];
		for (const i of round % 2 === 0 ? order : order.reverse()) figures[i]?.push(await contenders[i]!());
	}
	return figures;
}

/** What came out of two contenders' slots, pair by pair: the median of the ratios, and between what half of them lie. */
export function compare(figures: readonly number[], others: readonly number[]): string {
	const ratios = figures.map((figure, i) => figure / others[i]!).filter(Number.isFinite);
	const { low, middle, high } = quartiles(ratios);
	return `${middle.toFixed(2)} × (half of ${ratios.length} pairs between ${low.toFixed(2)} and ${high.toFixed(2)})`;
}
