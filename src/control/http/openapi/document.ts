import type { DeclaredRoute } from "../declared-routes.ts";
import { refused } from "./answers.ts";
import { type Answer, type Content, type Operation, pathParameters, tags } from "./operation.ts";
import type { Schema } from "./schema.ts";
import { shapes } from "./shapes.ts";

interface Media {
	readonly schema: Schema;
}

type Contents = Readonly<Record<string, Media>>;

/** A parameter as OpenAPI writes it. */
interface ShownParameter {
	readonly name: string;
	readonly in: "path" | "query" | "header";
	readonly required: boolean;
	readonly description: string;
	readonly schema: Schema;
}

interface ShownAnswer {
	readonly description: string;
	readonly headers?: Readonly<Record<string, Media & { readonly description: string }>>;
	readonly content?: Contents;
}

/** One operation as OpenAPI writes it. */
export interface ShownOperation {
	readonly operationId: string;
	readonly tags: readonly string[];
	readonly summary: string;
	readonly description?: string;
	readonly "x-right"?: string;
	readonly security: readonly Readonly<Record<string, readonly string[]>>[];
	readonly parameters?: readonly ShownParameter[];
	readonly requestBody?: { readonly required: boolean; readonly content: Contents };
	readonly responses: Readonly<Record<string, ShownAnswer>>;
}

/** The parts of an OpenAPI 3.1 document that ours has. */
export interface OpenApi {
	readonly openapi: string;
	readonly info: { readonly title: string; readonly version: string; readonly description: string };
	readonly servers: readonly { readonly url: string }[];
	readonly tags: readonly { readonly name: string; readonly description: string }[];
	readonly paths: Readonly<Record<string, Readonly<Record<string, ShownOperation>>>>;
	readonly components: {
		readonly schemas: Readonly<Record<string, Schema>>;
		readonly securitySchemes: Readonly<Record<string, object>>;
	};
}

const introduction =
	"Everything that this address of the relay answers. Who may what is said by its configuration (`access`): an operation names the right that it asks for, which visitors without credentials may have, too. What cannot be done is answered with `status` and a sentence in `error`. HEAD is answered wherever GET is.";

/** Ways to say who one is. */
const securitySchemes = (cookie: string) => ({
	basic: { type: "http", scheme: "basic", description: "A user's name and password." },
	bearer: { type: "http", scheme: "bearer", description: "A user's token, a signed one, or `NAME:PASSWORD`." },
	cookie: { type: "apiKey", in: "cookie", name: cookie, description: "Of a login, for pages of the relay itself." },
});

/** What everybody may hear who is not let in. */
const barred: Readonly<Record<number, Answer>> = {
	401: { ...refused("Credentials are needed"), headers: { "WWW-Authenticate": "How to give them." } },
	403: refused("This user may not do that"),
	429: { ...refused("Too many failed logins from this address"), headers: { "Retry-After": "Seconds." } },
};

const otherwise = refused("Anything else that cannot be done");

function contentsOf(content: Content): Contents {
	return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

function answerOf({ description, headers = {}, content }: Answer): ShownAnswer {
	const shown = Object.entries(headers).map(([name, what]) => [
		name,
		{ description: what, schema: { type: "string" } },
	]);
	return {
		description,
		...(shown.length > 0 && { headers: Object.fromEntries(shown) }),
		...(content && { content: contentsOf(content) }),
	};
}

function responsesOf({ right, answers }: Operation) {
	const all = { ...(right && barred), ...answers };
	const known = Object.entries(all).map(([status, answer]) => [status, answerOf(answer)] as const);
	return Object.fromEntries([...known, ["default", answerOf(otherwise)]]);
}

function parametersOf({ path, parameters = [] }: Operation): readonly ShownParameter[] {
	const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]): ShownParameter => {
		const known = pathParameters[name];
		if (!known) throw new Error(`${path}: nothing says what {${name}} is`);
		return { name, in: "path", required: true, ...known };
	});
	return [...inPath, ...parameters.map((one): ShownParameter => ({ ...one, required: one.required ?? false }))];
}

function operationOf(operation: Operation): ShownOperation {
	const { id, tag, summary, description, right, body } = operation;
	const parameters = parametersOf(operation);
	const needed = right && `Needs the right \`${right}\`.`;
	const words = [description, needed].filter(Boolean).join(" ");
	return {
		operationId: id,
		tags: [tag],
		summary,
		...(words && { description: words }),
		...(right && { "x-right": right }),
		security: right ? [{ basic: [] }, { bearer: [] }, { cookie: [] }, {}] : [],
		...(parameters.length > 0 && { parameters }),
		...(body && { requestBody: { required: body.required ?? false, content: contentsOf(body.content) } }),
		responses: responsesOf(operation),
	};
}

/** The OpenAPI 3.1 document of what can be asked. `cookie` is the name of a login's cookie. */
export function documentOf(routes: readonly DeclaredRoute[], version: string, cookie: string): OpenApi {
	const paths: Record<string, Record<string, ShownOperation>> = {};
	for (const { method, operations } of routes) {
		for (const operation of operations) {
			paths[operation.path] = { ...paths[operation.path], [method.toLowerCase()]: operationOf(operation) };
		}
	}
	const used = new Set<string>(routes.flatMap(({ operations }) => operations.map(({ tag }) => tag)));
	return {
		openapi: "3.1.0",
		info: { title: "Vedette", version, description: introduction },
		servers: [{ url: "/" }],
		tags: Object.entries(tags)
			.filter(([name]) => used.has(name))
			.map(([name, description]) => ({ name, description })),
		paths,
		components: { schemas: shapes, securitySchemes: securitySchemes(cookie) },
	};
}
