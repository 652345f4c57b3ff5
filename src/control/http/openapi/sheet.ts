import type { OpenApi, ShownOperation } from "./document.ts";
import { type Html, html, prose } from "./html.ts";
import type { Schema } from "./schema.ts";
import { schemaFields, schemaKind } from "./sheet-schema.ts";
import { sheetStyle } from "./sheet-style.ts";

interface Entry {
	readonly method: string;
	readonly path: string;
	readonly operation: ShownOperation;
}

function slug(name: string): string {
	return name.toLowerCase().replaceAll(" ", "-");
}

/** The first example of a schema. */
function exampleOf(schema: Schema): unknown {
	return Array.isArray(schema.examples) ? schema.examples[0] : undefined;
}

/** A command that asks for it; nothing for what is made for browsers or WebSocket. */
function commandOf({ method, path, operation }: Entry, schemas: OpenApi["components"]["schemas"]): Html | undefined {
	if (operation.tags.includes("Pages") || operation.responses["101"]) return undefined;
	const values = new Map(operation.parameters?.map(({ name, schema }) => [name, String(exampleOf(schema) ?? name)]));
	const address = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => values.get(name) ?? name);
	const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
	const shape = typeof media?.schema.$ref === "string" ? media.schema.$ref.split("/").at(-1) : undefined;
	const example = shape === undefined ? undefined : exampleOf(schemas[shape] ?? {});
	const parts = [
		"curl",
		method !== "get" && `-X ${method.toUpperCase()}`,
		operation["x-right"] && "-u NAME:PASSWORD",
		type && `-H "Content-Type: ${type}"`,
		type && (example === undefined ? "--data-binary @FILE" : `-d '${JSON.stringify(example)}'`),
		`$RELAY${address}`,
	];
	return html`<pre tabindex="0">${parts.filter(Boolean).join(" ")}</pre>`;
}

type Contents = NonNullable<ShownOperation["requestBody"]>["content"];

function contents(content: Contents | undefined): readonly Html[] {
	return Object.entries(content ?? {}).map(
		([type, { schema }]) =>
			html`<p class="content"><code>${type}</code> ${schemaKind(schema)}</p>${schemaFields(schema)}`,
	);
}

function row(name: Html, about: Html, below: readonly Html[] = []): Html {
	return html`<div><dt>${name}</dt><dd>${about}${below}</dd></div>`;
}

function parametersOf({ parameters = [] }: ShownOperation): Html {
	if (parameters.length === 0) return html``;
	const rows = parameters.map(({ name, in: place, description, schema, required }) =>
		row(
			html`<code>${name}</code> <span>${place}${!required && ", may be left out"}</span>`,
			html`${prose(description)} <span class="kind">${schemaKind(schema)}</span>`,
		),
	);
	return html`<h4>Parameters</h4><dl>${rows}</dl>`;
}

function answersOf({ responses }: ShownOperation): Html {
	const rows = Object.entries(responses).map(([status, { description, headers = {}, content }]) => {
		// The sentence in an error is the same everywhere.
		const isError = content?.["application/json"]?.schema.$ref === "#/components/schemas/Error";
		const named = Object.entries(headers).map(
			([name, { description: what }]) => html`<p class="content"><code>${name}</code> ${prose(what)}</p>`,
		);
		const link = isError ? html` <a class="kind" href="#schema-Error">Error</a>` : html``;
		return row(html`<code>${status}</code>`, html`${prose(description)}${link}`, [
			...named,
			...(isError ? [] : contents(content)),
		]);
	});
	return html`<h4>Answers</h4><dl class="answers">${rows}</dl>`;
}

// A link to what is inside of it opens a closed `details`.
function entryOf(entry: Entry, document: OpenApi): Html {
	const { method, path, operation } = entry;
	const { summary, description, requestBody } = operation;
	const right = operation["x-right"];
	const isSocket = operation.responses["101"] !== undefined;
	return html`<details>
		<summary>
			<span class="method ${method}">${isSocket ? "WS" : method.toUpperCase()}</span>
			<code class="path">${path}</code>
			<span class="what">${summary}</span>
			${right && html`<span class="right"><span class="wide">right</span> ${right}</span>`}
		</summary>
		<div class="more" id="${operation.operationId}">
			${description && html`<p>${prose(description)}</p>`}
			${commandOf(entry, document.components.schemas)}
			${parametersOf(operation)}
			${requestBody && html`<h4>Body${!requestBody.required && ", may be left out"}</h4>${contents(requestBody.content)}`}
			${answersOf(operation)}
		</div>
	</details>`;
}

function shapeOf(name: string, schema: Schema): Html {
	const example = exampleOf(schema);
	const { description } = schema;
	return html`<details class="shape">
		<summary><code class="path">${name}</code></summary>
		<div class="more" id="schema-${name}">
			${typeof description === "string" && html`<p>${prose(description)}</p>`}
			${schemaFields(schema)}
			${example !== undefined && html`<pre tabindex="0">${JSON.stringify(example, undefined, 2)}</pre>`}
		</div>
	</details>`;
}

function sectionsOf(document: OpenApi): readonly { readonly name: string; readonly body: Html }[] {
	const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]): Entry => ({ method, path, operation })),
	);
	const about = document.tags.map(({ name, description }) => {
		const own = entries.filter(({ operation }) => operation.tags.includes(name));
		return {
			name,
			body: html`<p class="lead">${prose(description)}</p>${own.map((entry) => entryOf(entry, document))}`,
		};
	});
	const shapes = Object.entries(document.components.schemas).map(([name, schema]) => shapeOf(name, schema));
	return [...about, { name: "Shapes", body: html`<p class="lead">Objects that the answers are made of.</p>${shapes}` }];
}

const flag = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path class="pole" d="M5 3v18" /><path class="flag" d="M5 4h15l-4.5 4.5L20 13H5z" /></svg>`;

/** The document for people: one page without scripts. `style` is the address of the stylesheet that has the house's colours. */
export function sheet(document: OpenApi, style: string | undefined): string {
	const sections = sectionsOf(document);
	const page = html`<!doctype html>
<html lang="en">
<head>
	<meta charset="utf-8" />
	<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
	<meta name="color-scheme" content="light dark" />
	<title>API · Vedette</title>
	<style>${sheetStyle}</style>
	${style !== undefined && html`<link rel="stylesheet" href="${style}" />`}
</head>
<body>
	<header><a class="home" href="/" aria-label="Vedette, all streams">${flag}<span>Vedette</span></a></header>
	<div class="page">
		<nav aria-label="Contents"><ul>${sections.map(({ name }) => html`<li><a href="#${slug(name)}">${name}</a></li>`)}</ul></nav>
		<main>
			<h1>What the relay answers</h1>
			<p class="lead">${prose(document.info.description)}</p>
			<p class="lead">Version ${document.info.version}. For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI ${document.openapi}). In the commands, <code>$RELAY</code> is this address.</p>
			${sections.map(({ name, body }) => html`<section id="${slug(name)}"><h2>${name}</h2>${body}</section>`)}
		</main>
	</div>
</body>
</html>`;
	return page.text;
}
