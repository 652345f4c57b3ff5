/** Changes valid messages into what nobody should send. */

/** Longer inputs are cut: what is wrong shows in short ones too. */
export const MAX_INPUT_BYTES = 16_384;
const MOST_CHANGES = 6;

/** A whole number from 0 up to, without, `below`. */
export type Random = (below: number) => number;

/** Mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): Random {
	let state = seed;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
}

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

/** Numbers at which lengths and counters turn over. */
const edges = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const hugeTexts = [
	"0",
	"-1",
	"65536",
	"4294967295",
	"4294967296",
	"9007199254740993",
	"1e309",
	"99999999999999999999",
	"",
];

function slice(bytes: Buffer, random: Random): Buffer {
	const from = random(bytes.length + 1);
	return bytes.subarray(from, from + random(bytes.length - from + 1));
}

function insert(bytes: Buffer, at: number, piece: Buffer, replaced = 0): Buffer {
	return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + replaced)]);
}

const flip: Mutation = (bytes, random) => {
	if (bytes.length > 0) bytes[random(bytes.length)]! ^= 1 << random(8);
	return bytes;
};

const setByte: Mutation = (bytes, random) => {
	if (bytes.length > 0) bytes[random(bytes.length)] = random(2) === 0 ? edges[random(5)]! : random(256);
	return bytes;
};

const cut: Mutation = (bytes, random) => bytes.subarray(0, random(bytes.length + 1));
const behead: Mutation = (bytes, random) => bytes.subarray(random(bytes.length + 1));
const remove: Mutation = (bytes, random) => insert(bytes, random(bytes.length + 1), Buffer.alloc(0), random(16));
const join: Mutation = (bytes, random, other) => Buffer.concat([slice(bytes, random), slice(other, random)]);
const graft: Mutation = (bytes, random, other) => insert(bytes, random(bytes.length + 1), slice(other, random));

const repeat: Mutation = (bytes, random) => {
	const piece = slice(bytes, random);
	const most = Math.max(1, Math.min(64, Math.floor(MAX_INPUT_BYTES / Math.max(1, piece.length))));
	return insert(bytes, random(bytes.length + 1), Buffer.concat(Array.from({ length: 1 + random(most) }, () => piece)));
};

/** Takes some bytes for a number of 1 to 4 bytes, as lengths are, and makes it wrong by little or by much. */
const tweakNumber: Mutation = (bytes, random) => {
	const size = 1 + random(4);
	if (bytes.length < size) return bytes;
	const at = random(bytes.length - size + 1);
	const told = bytes.readUIntBE(at, size);
	const rest = bytes.length - at - size;
	const wrong = [told + 1, told - 1, told * 2, rest, rest + 1, edges[random(edges.length)]!][random(6)]!;
	bytes.writeUIntBE((wrong >>> 0) % 2 ** (8 * size), at, size);
	return bytes;
};

/** Replaces a number that is written in digits. */
const tweakDigits: Mutation = (bytes, random) => {
	const numbers = [...bytes.toString("latin1").matchAll(/\d+/g)];
	const found = numbers[random(Math.max(1, numbers.length))];
	if (!found) return bytes;
	return insert(bytes, found.index, Buffer.from(hugeTexts[random(hugeTexts.length)]!), found[0].length);
};

const all: readonly Mutation[] = [
	...[flip, flip, setByte, setByte, cut, behead, remove, join, graft, repeat],
	...[tweakNumber, tweakNumber, tweakDigits],
];

/** A message of the corpus after one to six changes. */
export function mutated(corpus: readonly Uint8Array[], random: Random): Buffer {
	const pick = (): Buffer => Buffer.from(corpus[random(corpus.length)]!);
	let bytes = pick();
	for (let i = random(MOST_CHANGES); i >= 0; i--) bytes = Buffer.from(all[random(all.length)]!(bytes, random, pick()));
	return bytes.subarray(0, MAX_INPUT_BYTES);
}
