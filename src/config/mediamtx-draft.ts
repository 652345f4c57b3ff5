import type { z } from "zod";
import { ConfigError, type Source } from "./load.ts";
import { schemaAt } from "./schema-tree.ts";

/** Keys and values as they stand in the file: every value is text, a list or a group. */
export type Given = Readonly<Record<string, unknown>>;

const words: Readonly<Record<string, boolean>> = {
	yes: true,
	y: true,
	true: true,
	on: true,
	no: false,
	n: false,
	false: false,
	off: false,
};

/** What a table of ours says of a key that comes from outside. */
export function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
	return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Yes or no as YAML 1.1 writes it; undefined for any other text. */
function truth(text: string): boolean | undefined {
	return own(words, text.toLowerCase());
}

export function isGiven(value: unknown): value is Given {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as the tables of defaults have it. */
export function plain(value: unknown): string {
	if (Array.isArray(value)) return value.map(plain).join(",");
	if (isGiven(value)) return JSON.stringify(value);
	const text = value === undefined || value === "~" || value === "null" ? "" : String(value);
	const said = truth(text);
	return said === undefined || text === "off" ? text : said ? "yes" : "no";
}

/** Collects what the translation makes of a mediamtx.yml: settings of ours, where they come from, and warnings. */
export class Draft {
	readonly data: Record<string, unknown> = {};
	readonly #schema: z.core.$ZodType;
	readonly #source: Source;
	readonly #origins = new Map<string, readonly string[]>();
	readonly #faults: string[] = [];
	readonly #warnings = new Map<string, { readonly sentence: string; readonly paths: Set<string> }>();

	constructor(schema: z.core.$ZodType, source: Source) {
		this.#schema = schema;
		this.#source = source;
	}

	/** One for each key, with the paths it is about. */
	get warnings(): readonly string[] {
		return [...this.#warnings].map(([key, { sentence, paths }]) => {
			const about = paths.size === 0 ? "" : ` (${paths.size === 1 ? "path" : "paths"} ${[...paths].join(", ")})`;
			return `${key}: ${sentence}${about}`;
		});
	}

	/** Tells people about a key, once however many paths have it. */
	warn(key: string, sentence: string, path?: string): void {
		const known = this.#warnings.get(key) ?? { sentence, paths: new Set<string>() };
		if (path !== undefined) known.paths.add(path);
		this.#warnings.set(key, known);
	}

	/** A value that cannot be read; the translation goes on, so that all of them are told. */
	fault(at: readonly string[], expected: string, value: unknown): void {
		const [, place] = this.#source.place(at, false);
		const isSecret = at.some((key) => /pass|secret|token|authInternalUsers/i.test(key));
		const got = isSecret ? "" : `, got ${JSON.stringify(plain(value)).slice(0, 80)}`;
		this.#faults.push(`${place}: ${at.join(".")}: expected ${expected}${got}`);
	}

	/** Whether this version has a setting, and takes `value` for it where one is given. */
	knows(to: readonly string[], value?: unknown): boolean {
		const schema = schemaAt(this.#schema, to);
		if (schema === undefined) return false;
		return value === undefined || (schema as z.ZodType).safeParse(value).success;
	}

	/** Sets one of ours. `from` is the key that it comes from. */
	set(to: readonly string[], value: unknown, from: readonly string[]): void {
		let at = this.data;
		for (const key of to.slice(0, -1)) {
			at[key] ??= {};
			at = at[key] as Record<string, unknown>;
		}
		at[to.at(-1)!] = value;
		this.#origins.set(to.join("\n"), from);
	}

	/** What is to be checked against the schema. Throws a `ConfigError` where a value could not be read. */
	finish(): Source {
		if (this.#faults.length > 0) throw new ConfigError(this.#faults);
		return { data: this.data, place: (path, onKey) => this.#source.place(this.#originOf(path), onKey) };
	}

	#originOf(path: readonly PropertyKey[]): readonly string[] {
		for (let length = path.length; length > 0; length--) {
			const origin = this.#origins.get(path.slice(0, length).map(String).join("\n"));
			if (origin) return origin;
		}
		return [];
	}
}

/** Reads values of one group of the file, and notes which keys were read. */
export class Keys {
	readonly read = new Set<string>();
	readonly #draft: Draft;
	readonly #given: Given;
	readonly #at: (key: string) => readonly string[];

	/** `at` tells where in the file a key stands. */
	constructor(draft: Draft, given: Given, at: (key: string) => readonly string[]) {
		this.#draft = draft;
		this.#given = given;
		this.#at = at;
	}

	/** Whether the file says something for the key. */
	has(key: string): boolean {
		return plain(this.#given[key]) !== "";
	}

	/** Whether the file has the key at all, with an empty value too. */
	holds(key: string): boolean {
		return Object.hasOwn(this.#given, key) && this.#given[key] !== undefined;
	}

	at(key: string): readonly string[] {
		return this.#at(key);
	}

	raw(key: string): unknown {
		this.read.add(key);
		return this.#given[key];
	}

	text(key: string, preset = ""): string {
		const value = this.raw(key);
		if (value === undefined || value === "~") return preset;
		if (typeof value === "string") return value;
		this.#draft.fault(this.#at(key), "a text", value);
		return preset;
	}

	flag(key: string, preset: boolean): boolean {
		const text = this.text(key);
		if (text === "") return preset;
		const said = truth(text);
		if (said === undefined) this.#draft.fault(this.#at(key), "yes or no", text);
		return said ?? preset;
	}

	/** A list, or a text with commas between its parts as in environment variables. */
	list(key: string, preset: readonly string[] = []): readonly string[] {
		const value = this.raw(key);
		if (value === undefined) return preset;
		if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value as string[];
		if (typeof value === "string") return value === "" ? [] : value.split(",").map((part) => part.trim());
		this.#draft.fault(this.#at(key), "a list", value);
		return preset;
	}
}
