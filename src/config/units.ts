const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const sizeUnits: Readonly<Record<string, number>> = {
	B: 1,
	kB: 1e3,
	MB: 1e6,
	GB: 1e9,
	KiB: 2 ** 10,
	MiB: 2 ** 20,
	GiB: 2 ** 30,
};

function sum(text: string, units: Readonly<Record<string, number>>): number | undefined {
	if (text.length > 40 || !/^(\d+(\.\d+)? ?[A-Za-z]+ ?)+$/.test(`${text} `)) return undefined;
	let total = 0;
	for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?) ?([A-Za-z]+)/g)) {
		const factor = Object.hasOwn(units, unit!) ? units[unit!] : undefined;
		if (factor === undefined) return undefined;
		total += Number(amount) * factor;
	}
	return total;
}

/** Milliseconds from `4 ms`, `10s`, `1m30s`, `12 h`; undefined where the text is not a time with its unit. */
export function parseDuration(text: string): number | undefined {
	return sum(text, durationUnits);
}

/** Bytes from `16 MiB`, `1500 B`, `64kB`; undefined where the text is not a size with its unit. */
export function parseSize(text: string): number | undefined {
	const bytes = sum(text, sizeUnits);
	return bytes === undefined ? undefined : Math.round(bytes);
}
