import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { OpenApi, ShownOperation } from "../../src/control/http/openapi/document.ts";
import type { Schema } from "../../src/control/http/openapi/schema.ts";
import { raw } from "./control.ts";

/** What a relay says that it answers. */
export async function readDocument(url: string): Promise<OpenApi> {
	const answer = await raw(url, { path: "/openapi.json" });
	assert.equal(answer.status, 200, answer.body);
	return JSON.parse(answer.body);
}

/** One operation of a document and where it is asked. */
export interface Place {
	readonly method: string;
	readonly path: string;
	readonly operation: ShownOperation;
}

export function operationsOf({ paths }: OpenApi): readonly Place[] {
	return Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
	);
}

/** The same schema, in which an object that does not say otherwise has no more than the fields that are named. */
function closed(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(closed);
	if (typeof value !== "object" || value === null) return value;
	const entries = Object.entries(value).map(([key, inner]) => [key, key === "examples" ? inner : closed(inner)]);
	const isObject = "properties" in value && "type" in value && !("additionalProperties" in value);
	return { ...Object.fromEntries(entries), ...(isObject && { additionalProperties: false }) };
}

/** Holds a value against a schema of the document; fields that it does not name are faults, too. */
export function answerChecker(document: OpenApi): (schema: Schema, value: unknown, where: string) => void {
	const ajv = new Ajv2020({ strict: false, allErrors: true });
	ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
	ajv.addFormat("ipv6", isIPv6);
	ajv.addSchema({ $id: "document:", components: closed(document.components) as object });
	return (schema, value, where) => {
		const validate = ajv.compile(JSON.parse(JSON.stringify(closed(schema)).replaceAll('"#/', '"document:#/')));
		assert.ok(validate(value), `${where}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
	};
}
