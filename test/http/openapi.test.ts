import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { buildApp, type Role } from "../../src/control/http/app.ts";
import type { HttpRoom } from "../../src/control/http/room.ts";
import { raw, startControl } from "../support/control.ts";
import { answerChecker, operationsOf, readDocument } from "../support/openapi.ts";

/** Enough of a room for its routes to be declared; nobody asks them anything. */
const nobody = {
	config: { http: { maxBody: 1, trustedProxies: [], allowOrigins: [] } },
	sessions: { rtspsessions: { list: () => [] } },
	pageDir: "/nowhere",
	robots: {},
	log: {},
} as unknown as HttpRoom;

const roles: readonly Role[] = ["all", "api", "metrics", "signaling", "local"];

function fits(url: string, path: string): boolean {
	const parts = url.split(/\*|:\w+/).map((part) => part.replaceAll(".", "\\."));
	return new RegExp(`^${parts.join(".*")}$`).test(path);
}

/** How much of a route's address stands for itself: of several that fit a request, the router takes the one with most. */
function certainty(url: string): number {
	return url.replace(/[*:].*$/, "").length + (/[*:]/.test(url) ? 0 : 1000);
}

test("every route says what it is about, and speaks only of addresses that come to it", async () => {
	for (const role of roles) {
		await using app = await buildApp(nobody, role, 1000);
		const { declaredRoutes: routes } = app;
		const silent = routes
			.filter(({ operations }) => operations.length === 0)
			.map(({ method, url }) => `${method} ${url}`);
		assert.deepEqual(silent, [], role);
		for (const { method, url, operations } of routes) {
			for (const { path } of operations) {
				const candidates = routes.filter((route) => route.method === method && fits(route.url, path));
				const [taken] = candidates.sort((a, b) => certainty(b.url) - certainty(a.url));
				assert.equal(taken?.url, url, `${role}: ${method} ${path}`);
			}
		}
	}
});

test("the document is OpenAPI 3.1, and says what each listener serves itself", async () => {
	const sessions = { rtspsessions: { list: () => [] }, webrtcsessions: { list: () => [] } };
	await using room = await startControl("", { sessions });
	const documents = { all: await readDocument(room.url()), api: await readDocument(room.url("api")) };
	for (const document of Object.values(documents)) {
		const { valid, errors } = await new Validator().validate({ ...structuredClone(document) });
		assert.ok(valid, JSON.stringify(errors));
		const ids = operationsOf(document).map(({ operation }) => operation.operationId);
		assert.equal(new Set(ids).size, ids.length, `an id twice in ${ids}`);
	}
	assert.ok(documents.all.paths["/{path}/whep"]?.post && documents.all.paths["/v3/webrtcsessions/list"]?.get);
	assert.ok(documents.api.paths["/v3/paths/list"]?.get);
	assert.equal(documents.api.paths["/{path}/whep"], undefined);
});

test("examples are what their schemas say, and every schema is used", async () => {
	await using room = await startControl("", { sessions: { rtspsessions: { list: () => [] } } });
	const document = await readDocument(room.url());
	const check = answerChecker(document);
	for (const [name, schema] of Object.entries(document.components.schemas)) {
		for (const example of [schema.examples ?? []].flat())
			check({ $ref: `#/components/schemas/${name}` }, example, name);
		assert.ok(JSON.stringify(document).includes(`"#/components/schemas/${name}"`), `${name} is not used`);
	}
	assert.throws(() => check({ $ref: "#/components/schemas/Done" }, { status: "ok", more: 1 }, "Done"));
});

test("/api is a page for people without scripts, which names every operation", async () => {
	await using room = await startControl("access: { anonymous: [] }");
	const page = await raw(room.url(), { path: "/api" });
	assert.equal(page.status, 200);
	assert.match(String(page.headers["content-type"]), /^text\/html/);
	assert.doesNotMatch(page.body, /<script|undefined|\[object|>false</);
	const document = await readDocument(room.url());
	for (const { operation } of operationsOf(document)) {
		assert.ok(page.body.includes(`<div class="more" id="${operation.operationId}">`), operation.operationId);
	}
	const anchors = new Set([...page.body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
	for (const [, target] of page.body.matchAll(/href="#([^"]+)"/g)) assert.ok(anchors.has(target), `#${target}`);
});
