import { type Html, html, prose } from "./html.ts";
import type { Schema } from "./schema.ts";

/** A schema's parts that the page shows. */
interface Parts {
	readonly $ref?: string;
	readonly type?: string | readonly string[];
	readonly const?: unknown;
	readonly enum?: readonly unknown[];
	readonly anyOf?: readonly Parts[];
	readonly items?: Parts;
	readonly properties?: Readonly<Record<string, Parts & { readonly description?: string }>>;
	readonly required?: readonly string[];
	readonly minimum?: number;
	readonly exclusiveMinimum?: number;
	readonly maximum?: number;
}

const nothing = html``;

function boundsOf({ minimum, exclusiveMinimum, maximum }: Parts): string {
	if (maximum === undefined) return "";
	return exclusiveMinimum === undefined
		? `, ${minimum ?? 0} to ${maximum}`
		: `, above ${exclusiveMinimum}, at most ${maximum}`;
}

/** What a value is, in a few words; one of the document's own schemas is a link to it. */
function kindOf(schema: Parts): Html {
	if (schema.$ref) {
		const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
		return html`<a href="#schema-${name}">${name}</a>`;
	}
	if (schema.anyOf) {
		return html`${schema.anyOf.map((one, index) => html`${index > 0 && " or "}${kindOf(one)}`)}`;
	}
	if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
	if (schema.enum) {
		return html`${schema.enum.map((one, index) => html`${index > 0 && " · "}<code>${JSON.stringify(one)}</code>`)}`;
	}
	if (schema.type === "array") return html`list${schema.items && html` of ${kindOf(schema.items)}`}`;
	return html`${[schema.type ?? "anything"].flat().join(" or ")}${boundsOf(schema)}`;
}

/** The object inside a schema that is not one of the document's own: itself, or what it is a list of. */
function inner(schema: Parts): Parts | undefined {
	if (schema.properties) return schema;
	return [schema.items, ...(schema.anyOf ?? [])].find((one) => one?.properties);
}

function fieldsOf(schema: Parts): Html {
	const object = inner(schema);
	if (!object?.properties) return nothing;
	const rows = Object.entries(object.properties).map(
		([name, field]) => html`<div>
			<dt><code>${name}</code> <span>${kindOf(field)}${!object.required?.includes(name) && ", may be left out"}</span></dt>
			<dd>${prose(field.description ?? "")}${fieldsOf(field)}</dd>
		</div>`,
	);
	return html`<dl class="fields">${rows}</dl>`;
}

/** What a value is, for one line. */
export function schemaKind(schema: Schema): Html {
	return kindOf(schema);
}

/** The fields of an object and of objects in it; nothing for any other schema. */
export function schemaFields(schema: Schema): Html {
	return fieldsOf(schema);
}
