import { stringify } from "yaml";
import type { z } from "zod";
import { descriptionOf, entryOf, fieldsOf, isRecord, presetOf } from "./schema-tree.ts";

const COMMENT_COLUMN = 48;

function written(value: unknown): string {
	return stringify(value, { collectionStyle: "flow", defaultStringType: "PLAIN", lineWidth: 0 }).trim();
}

function quoted(value: unknown): string {
	return typeof value === "string" ? JSON.stringify(value) : written(value);
}

function withComment(line: string, comment: string): string {
	return `${line.padEnd(COMMENT_COLUMN - 1)} # ${comment}`;
}

function fieldLines(key: string, schema: z.core.$ZodType, indent: string): string[] {
	const fields = fieldsOf(schema);
	if (fields) return [withComment(`${indent}${key}:`, descriptionOf(schema)), ...groupLines(fields, `${indent}  `)];
	if (isRecord(schema)) {
		const entries = Object.keys(presetOf(schema) as object).flatMap((name) =>
			fieldLines(name, entryOf(schema)!, `${indent}  `),
		);
		return [withComment(`${indent}${key}:`, descriptionOf(schema)), ...entries];
	}
	return [withComment(`${indent}${key}: ${quoted(presetOf(schema))}`, descriptionOf(schema))];
}

function groupLines(fields: Readonly<Record<string, z.core.$ZodType>>, indent: string): string[] {
	const blocks = Object.entries(fields).map(([key, field]) => fieldLines(key, field, indent));
	if (indent !== "") return blocks.flat();
	return blocks.flatMap((lines, at) => (at > 0 && lines.length + blocks[at - 1]!.length > 2 ? ["", ...lines] : lines));
}

/** A file with every key of the schema, its default, and its description as a comment. */
export function exampleYaml(schema: z.core.$ZodType, head: string): string {
	return [head, ...groupLines(fieldsOf(schema) ?? {}, ""), ""].join("\n");
}
