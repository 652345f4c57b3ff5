import { z } from "zod";
import { type Address, type Cidr, parseAddress, parseCidr } from "./address.ts";
import { parseDuration, parseSize } from "./units.ts";

/*
 * Makers of schema fields. Each takes its default as it would be written in the file, and the line that describes it in
 * vedette.example.yml.
 */

/** A string that `parse` understands; `expected` is what a message says instead, as in "a time with its unit". */
function parsed<T>(parse: (text: string) => T | undefined, expected: string) {
	return z.string(`expected ${expected}`).transform((text, context): T => {
		const value = parse(text);
		if (value !== undefined) return value;
		context.addIssue({ code: "custom", message: `expected ${expected}, got "${text.slice(0, 80)}"` });
		return z.NEVER;
	});
}

interface Range {
	readonly min?: string;
	readonly max?: string;
}

function within<T extends number>(parse: (text: string) => T | undefined, { min, max }: Range, what: string) {
	const least = min === undefined ? 0 : parse(min)!;
	const most = max === undefined ? Number.POSITIVE_INFINITY : parse(max)!;
	const bounds = max === undefined ? `at least ${min}` : `${min ?? 0} to ${max}`;
	const expected = min === undefined && max === undefined ? what : `${what}, ${bounds}`;
	return parsed((text) => {
		const value = parse(text);
		return value !== undefined && value >= least && value <= most ? value : undefined;
	}, expected);
}

/** A time with its unit; milliseconds when read. */
export function duration(preset: string, description: string, range: Range = {}) {
	return within(parseDuration, range, 'a time with its unit, like "10 s" or "4 ms"')
		.prefault(preset)
		.describe(description);
}

/** A size with its unit; bytes when read. */
export function size(preset: string, description: string, range: Range = {}) {
	return within(parseSize, range, 'a size with its unit, like "16 MiB" or "1500 B"')
		.prefault(preset)
		.describe(description);
}

const address = parsed<Address | "">(
	(text) => (text === "" ? "" : parseAddress(text)),
	'an address like ":8080", "127.0.0.1:8080" or "[::1]:8080"',
);

/** One listening address or a list of them; an empty string for none. A list when read. */
export function addresses(preset: string, description: string) {
	return z
		.union([address, z.array(address)], 'expected an address like ":8080", or a list of them')
		.transform((value): readonly Address[] => [value].flat().filter((one) => one !== ""))
		.prefault(preset)
		.describe(description);
}

/** A single listening address; an empty string for none. A list of one or none when read. */
export function oneAddress(preset: string, description: string) {
	return address
		.transform((value): readonly Address[] => (value === "" ? [] : [value]))
		.prefault(preset)
		.describe(description);
}

/** A list of IP addresses and ranges. */
export function ranges(description: string) {
	const range = parsed<Cidr>(parseCidr, 'an IP address or a range like "10.0.0.0/8"');
	return z.array(range).prefault([]).describe(description);
}

const everywhere: readonly Cidr[] = [
	{ network: "0.0.0.0", prefix: 0, family: "ipv4" },
	{ network: "::", prefix: 0, family: "ipv6" },
];

/** A list of IP addresses and ranges, and `any` for all there are. Ranges when read. */
export function senders(description: string) {
	const range = parsed<readonly Cidr[]>((text) => {
		if (text === "any") return everywhere;
		const one = parseCidr(text);
		return one && [one];
	}, 'an IP address, a range like "10.0.0.0/8", or any');
	return z
		.array(range)
		.transform((all): readonly Cidr[] => all.flat())
		.prefault([])
		.describe(description);
}

/** A whole number. */
export function count(
	preset: number,
	description: string,
	range: { readonly min?: number; readonly max?: number } = {},
) {
	return z
		.int()
		.min(range.min ?? 0)
		.max(range.max ?? 1_000_000_000)
		.prefault(preset)
		.describe(description);
}

/** Yes or no. */
export function flag(preset: boolean, description: string) {
	return z.boolean().prefault(preset).describe(description);
}

/** One of some words. */
export function choice<const Words extends readonly [string, ...string[]]>(
	words: Words,
	preset: Words[number],
	description: string,
) {
	return z.enum(words).prefault(preset).describe(description);
}

/** Any text of up to 4096 characters. */
export function text(preset: string, description: string) {
	return z.string().max(4096).prefault(preset).describe(description);
}

/** A list of texts. */
export function texts(description: string) {
	return z.array(z.string().min(1).max(4096)).prefault([]).describe(description);
}

/** A group of fields with its own description; left out, all its fields have their defaults. */
export function group<Shape extends z.ZodRawShape>(description: string, shape: Shape) {
	return z
		.strictObject(shape)
		.prefault({} as never)
		.describe(description);
}

/** SHA-256 of a certificate that is taken although this machine knows nobody who vouches for it. */
export function fingerprint(subject: string) {
	return z
		.string()
		.regex(/^(([0-9a-f]{2}:?){31}[0-9a-f]{2})?$/i, "expected a SHA-256 fingerprint of 64 hexadecimal digits, or none")
		.prefault("")
		.describe(`${subject}, by its SHA-256 fingerprint; empty: one that this machine trusts`);
}
