import { seeded } from "../../network/impair.ts";

/** Random bytes, the same in every run. */
export function noise(seed: number, length: number): Buffer {
	const random = seeded(seed);
	return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** Random datagrams of 0 to 1,400 bytes whose first byte is one of `first`. */
export function datagrams(seed: number, count: number, first: readonly number[]): Buffer[] {
	const random = seeded(seed);
	return Array.from({ length: count }, (_, i) => {
		const bytes = noise(seed + i, Math.floor(random() ** 2 * 1400));
		if (bytes.length > 0) bytes[0] = first[i % first.length] ?? 0;
		return bytes;
	});
}

/** Copies of a message, each with one bit turned over and some cut short. */
export function damaged(message: Uint8Array, seed: number, count: number): Buffer[] {
	const random = seeded(seed);
	return Array.from({ length: count }, (_, i) => {
		const bytes = Buffer.from(message);
		const at = Math.floor(random() * bytes.length);
		bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
		return i % 4 === 3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
	});
}
