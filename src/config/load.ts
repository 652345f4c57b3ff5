import { readFileSync } from "node:fs";
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { explain, type Problem } from "./problems.ts";

/** Everything that is wrong with a configuration, one line each: `FILE:LINE:COLUMN: key: what is expected`. */
export class ConfigError extends Error {
	override readonly name = "ConfigError";
	readonly lines: readonly string[];

	constructor(lines: readonly string[]) {
		super(lines.join("\n"));
		this.lines = lines;
	}
}

/** A value that stands over the file's. */
export interface Override {
	readonly path: readonly string[];
	readonly value: unknown;
	/** Where it comes from, for messages: `--set http.address`. */
	readonly origin: string;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** A file's text, of a bounded size. Throws a `ConfigError`. */
export function readConfigFile(file: string): string {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new ConfigError([`${file}: ${code === "ENOENT" ? "no such file" : `cannot be read (${code})`}`]);
	}
	if (text.length > MAX_FILE_BYTES) {
		throw new ConfigError([`${file}: has ${text.length} bytes, at most ${MAX_FILE_BYTES} are read`]);
	}
	return text;
}

function keyIs(pair: Pair, key: PropertyKey): boolean {
	return isScalar(pair.key) && String(pair.key.value) === String(key);
}

function keyFault(pair: Pair): string | undefined {
	if (!isScalar(pair.key)) return "a key must be a word, not a list or a group";
	return keyIs(pair, "__proto__") ? "__proto__ is not allowed as a key" : undefined;
}

/** The offset in the text of the node at `path`: of a key's value, or of the key itself where `onKey`. */
function offsetOf(document: Document, path: readonly PropertyKey[], onKey: boolean): number {
	let node: unknown = document.contents;
	let offset = 0;
	path.forEach((key, depth) => {
		if (isAlias(node)) node = node.resolve(document);
		if (isMap(node)) {
			const pair = node.items.find((item) => keyIs(item, key));
			const value = pair?.value as { range?: number[] | null } | null | undefined;
			const wanted = onKey && depth === path.length - 1 ? undefined : value?.range?.[0];
			offset = wanted ?? (pair?.key as { range?: number[] } | undefined)?.range?.[0] ?? offset;
			node = value;
		} else if (isSeq(node)) {
			node = node.items[Number(key)];
			offset = (node as { range?: number[] } | undefined)?.range?.[0] ?? offset;
		} else node = undefined;
	});
	return offset;
}

/** Nothing after a key means its default. */
function withoutNulls(value: unknown): unknown {
	if (value === null) return undefined;
	if (Array.isArray(value)) return value.map(withoutNulls);
	if (typeof value !== "object") return value;
	return Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, withoutNulls(inner)]));
}

function isGroup(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function put(data: Record<string, unknown>, { path, value }: Override): void {
	let at = data;
	for (const key of path.slice(0, -1)) {
		if (!isGroup(at[key])) at[key] = {};
		at = at[key] as Record<string, unknown>;
	}
	at[path.at(-1)!] = value;
}

/** A file's content, and where in the file each of its values stands. */
export interface Source {
	/** Without the keys that have no value. */
	readonly data: unknown;
	/** `FILE:LINE:COLUMN` of the value at `path`, or of its key where `onKey`; with the offset, to sort by. */
	place(path: readonly PropertyKey[], onKey: boolean): readonly [offset: number, place: string];
}

/** Parses YAML. With the schema `failsafe` every value is text as it stands in the file. Throws a `ConfigError`. */
export function parseSource(text: string, name: string, schema: "core" | "failsafe" = "core"): Source {
	const lines = new LineCounter();
	const document = parseDocument(text, {
		lineCounter: lines,
		prettyErrors: false,
		schema,
		merge: schema === "failsafe",
	});
	const faults = document.errors.map(({ message, pos }) => ({ message, offset: pos[0] }));
	visit(document, {
		Pair: (_, pair) => {
			const message = keyFault(pair);
			if (message) faults.push({ message, offset: (pair.key as { range?: number[] } | null)?.range?.[0] ?? 0 });
		},
	});
	if (faults.length > 0) {
		throw new ConfigError(
			faults.map(({ message, offset }) => {
				const { line, col } = lines.linePos(offset);
				return `${name}:${line}:${col}: ${message}`;
			}),
		);
	}
	try {
		const data = withoutNulls(document.toJS({ maxAliasCount: 100 }) as unknown);
		const place = (path: readonly PropertyKey[], onKey: boolean) => {
			const offset = offsetOf(document, path, onKey);
			const { line, col } = lines.linePos(offset);
			return [offset, `${name}:${line || 1}:${col || 1}`] as const;
		};
		return { data, place };
	} catch (error) {
		throw new ConfigError([`${name}: ${(error as Error).message}`]);
	}
}

function originOf(path: readonly PropertyKey[], overrides: readonly Override[]): string | undefined {
	const covers = ({ path: covered }: Override) =>
		covered.every((key, at) => at >= path.length || String(path[at]) === key) && covered.length > 0;
	return overrides.findLast(covers)?.origin;
}

/**
 * Reads YAML 1.2 text against a schema. `name` stands for the file in messages; `overrides` stand over the text.
 * Throws a `ConfigError` that names everything that is wrong, not only the first thing.
 */
export function parseYaml<S extends z.ZodType>(
	text: string,
	name: string,
	schema: S,
	overrides: readonly Override[] = [],
): z.output<S> {
	return checked(parseSource(text, name), schema, overrides);
}

/** The source's data with the overrides, against a schema. Throws a `ConfigError`. */
export function checked<S extends z.ZodType>(
	{ data = {}, place }: Source,
	schema: S,
	overrides: readonly Override[],
): z.output<S> {
	if (isGroup(data)) for (const override of overrides) put(data, override);
	const result = schema.safeParse(data);
	if (result.success) return result.data;
	const line = ({ path, text: what, atKey }: Problem): readonly [number, string] => {
		const key = path.length > 0 ? `${path.map(String).join(".")}: ` : "";
		const origin = originOf(path, overrides);
		if (origin !== undefined) return [-1, `${origin}: ${key}${what}`];
		const [offset, where] = place(path, atKey);
		return [offset, `${where}: ${key}${what}`];
	};
	const found = explain(result.error, schema, data).map(line);
	throw new ConfigError(found.sort(([a], [b]) => a - b).map(([, message]) => message));
}

/** Reads a YAML file against a schema; see `parseYaml`. */
export function loadYaml<S extends z.ZodType>(
	file: string,
	schema: S,
	overrides: readonly Override[] = [],
): z.output<S> {
	return parseYaml(readConfigFile(file), file, schema, overrides);
}
