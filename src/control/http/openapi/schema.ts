/** A JSON Schema (draft 2020-12), which is what OpenAPI 3.1 has. */
export type Schema = Readonly<Record<string, unknown>>;

/** One of the document's own schemas (`shapes`), by its name. */
export function ref(name: string): Schema {
	return { $ref: `#/components/schemas/${name}` };
}

export function text(description: string, more: Schema = {}): Schema {
	return { type: "string", description, ...more };
}

export function oneOf(words: readonly string[], description: string): Schema {
	return { type: "string", enum: words, description };
}

/** A whole number that is never below 0. */
export function count(description: string): Schema {
	return { type: "integer", minimum: 0, description };
}

export function number(description: string): Schema {
	return { type: "number", description };
}

export function flag(description: string): Schema {
	return { type: "boolean", description };
}

/** A moment as RFC 3339 writes it. */
export function moment(description: string): Schema {
	return text(description, { format: "date-time" });
}

export function orNull(schema: Schema): Schema {
	const { description, ...rest } = schema;
	return { anyOf: [rest, { type: "null" }], ...(description !== undefined && { description }) };
}

export function list(items: Schema, description = ""): Schema {
	return { type: "array", items, ...(description && { description }) };
}

/** An object that has all of these; those of `maybe` may be left out. */
export function object(
	properties: Readonly<Record<string, Schema>>,
	maybe: Readonly<Record<string, Schema>> = {},
): Schema {
	return { type: "object", required: Object.keys(properties), properties: { ...properties, ...maybe } };
}
