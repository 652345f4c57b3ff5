import { z } from "zod";

/** The schema inside its wrappers (defaults, transforms). */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
	if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
		return bare(schema.def.innerType);
	}
	return schema instanceof z.ZodPipe ? bare(schema.def.in) : schema;
}

/** The fields of a group, or undefined where the schema is something else. */
export function fieldsOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
	const inner = bare(schema);
	return inner instanceof z.ZodObject ? (inner.shape as Record<string, z.core.$ZodType>) : undefined;
}

/** The schema of a record's or list's entries, or undefined where the schema is neither. */
export function entryOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
	const inner = bare(schema);
	if (inner instanceof z.ZodRecord) return inner.def.valueType;
	return inner instanceof z.ZodArray ? inner.def.element : undefined;
}

/** Whether the schema is of a record with free keys. */
export function isRecord(schema: z.core.$ZodType): boolean {
	return bare(schema) instanceof z.ZodRecord;
}

/** What the value is where the file does not say, as it would be written there. */
export function presetOf(schema: z.core.$ZodType): unknown {
	return schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
}

/** The line that describes the field. */
export function descriptionOf(schema: z.core.$ZodType): string {
	return z.globalRegistry.get(schema)?.description ?? "";
}

/** The schema of one key inside another schema, or undefined where there is no such key. */
function childOf(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
	const fields = fieldsOf(schema);
	if (fields) return typeof key === "string" && Object.hasOwn(fields, key) ? fields[key] : undefined;
	return entryOf(schema);
}

/** The schema at the end of a path of keys, or undefined where the path leads nowhere. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
	let at: z.core.$ZodType | undefined = schema;
	for (const key of path) at = at && childOf(at, key);
	return at;
}
