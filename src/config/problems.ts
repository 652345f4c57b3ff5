import type { z } from "zod";
import { fieldsOf, schemaAt } from "./schema-tree.ts";
import { suggest } from "./suggest.ts";

/** One thing that is wrong with a configuration: where by key, and what was expected. */
export interface Problem {
	readonly path: readonly PropertyKey[];
	readonly text: string;
	/** Whether the last key itself is wrong, not its value. */
	readonly atKey: boolean;
}

const secret = /^(password|token|credential|forward)$/;

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
	let at = data;
	for (const key of path) {
		if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
		at = (at as Record<PropertyKey, unknown>)[key];
	}
	return at;
}

function shown(data: unknown, path: readonly PropertyKey[]): string {
	if (path.some((key) => secret.test(String(key)))) return "";
	const value = valueAt(data, path);
	if (value === undefined) return ", got nothing";
	const json = JSON.stringify(value);
	return `, got ${json.length > 80 ? `${json.slice(0, 77)}…` : json}`;
}

const typeNames: Readonly<Record<string, string>> = {
	string: "text",
	number: "a number",
	int: "a whole number",
	boolean: "true or false",
	array: "a list",
	object: "keys and values",
	record: "keys and values",
};

function hint(name: string | undefined): string {
	return name === undefined ? "" : `; did you mean "${name}"?`;
}

function unknownKey(key: string, schema: z.core.$ZodType, path: readonly PropertyKey[]): Problem {
	const parent = schemaAt(schema, path);
	const names = Object.keys((parent && fieldsOf(parent)) ?? {});
	const likely = suggest(key, names);
	const known = likely === undefined ? `; known here: ${names.join(", ")}` : hint(likely);
	return { path: [...path, key], text: `unknown key "${key}"${known}`, atKey: true };
}

function words(issue: z.core.$ZodIssueInvalidValue, data: unknown): string {
	const known = issue.values.map(String);
	const value = valueAt(data, issue.path);
	const likely = typeof value === "string" ? suggest(value, known) : undefined;
	return `expected ${known.length > 1 ? "one of " : ""}${known.join(", ")}${shown(data, issue.path)}${hint(likely)}`;
}

function described(issue: z.core.$ZodIssue, data: unknown): string {
	const got = shown(data, issue.path);
	if (issue.message.startsWith("expected"))
		return issue.message.includes(", got ") ? issue.message : issue.message + got;
	switch (issue.code) {
		case "invalid_type":
			return `expected ${typeNames[issue.expected] ?? issue.expected}${got}`;
		case "invalid_value":
			return words(issue, data);
		case "too_small":
			return `expected ${issue.origin === "string" ? "a length of " : ""}at least ${issue.minimum}${got}`;
		case "too_big":
			return `expected ${issue.origin === "string" ? "a length of " : ""}at most ${issue.maximum}${got}`;
		case "invalid_key":
			return issue.issues[0]?.message ?? "not allowed as a key";
		default:
			return issue.message;
	}
}

/** Turns the schema library's issues into sentences for people, with a suggestion where a key or word is misspelt. */
export function explain(error: z.core.$ZodError, schema: z.core.$ZodType, data: unknown): Problem[] {
	return error.issues.flatMap((issue) => {
		if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, schema, issue.path));
		return [{ path: issue.path, text: described(issue, data), atKey: issue.code === "invalid_key" }];
	});
}
