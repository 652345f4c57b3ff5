/** What is fuzzed. */
export interface Target {
	/** Valid messages. */
	readonly corpus: readonly Uint8Array[];
	/** What the parser says it throws; anything else is a fault. */
	readonly errors: readonly (new (
		...args: never[]
	) => Error)[];
	/** Takes one input. What holds for every input is asserted here. */
	take(input: Buffer): void;
}

/** Bytes given in pieces of different sizes, as a connection would: the sizes follow from the bytes. */
export function inPieces(input: Buffer, push: (piece: Buffer) => void): void {
	let size = 1 + (input[0] ?? 0);
	for (let at = 0; at < input.length; ) {
		push(input.subarray(at, at + size));
		at += size;
		size = 1 + ((size * 7 + (input[at] ?? 0)) % 257);
	}
}
