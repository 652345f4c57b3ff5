import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "./call.ts";
import { order } from "./relay.ts";

const rows: readonly [name: string, answer: Response | Error, outcome: object][] = [
	["an answer", Response.json({ line: "x" }, { status: 201 }), { is: "done", value: { line: "x" } }],
	["nothing to say", new Response(null, { status: 204 }), { is: "done", value: undefined }],
	[
		"a refusal",
		Response.json({ status: "error", error: "the name is taken" }, { status: 409 }),
		{ is: "refused", why: "the name is taken", status: 409 },
	],
	[
		"a proxy's page",
		new Response("<h1>Bad gateway</h1>", { status: 502 }),
		{ is: "refused", why: "The relay answered with status 502.", status: 502 },
	],
	["nobody", new TypeError("fetch failed"), { is: "refused", why: "The relay does not answer.", status: 0 }],
	["no JSON", new Response("<h1>"), { is: "refused", why: "The relay does not answer.", status: 0 }],
];

for (const [name, answer, outcome] of rows) {
	test(`a call is answered with ${name}`, async (t) => {
		const fetched = t.mock.method(globalThis, "fetch", async () => {
			if (answer instanceof Error) throw answer;
			return answer;
		});
		assert.deepEqual(await call("POST", "/x", { a: 1 }), outcome);
		const init = fetched.mock.calls[0]?.arguments[1];
		assert.deepEqual([init?.method, init?.body], ["POST", '{"a":1}']);
	});
}

test("a start that somebody else has said is no fault, a stop that comes to nothing is", async (t) => {
	const asked: string[] = [];
	t.mock.method(globalThis, "fetch", async (url: string) => {
		asked.push(url);
		return Response.json({ error: "camera a/ü is always on" }, { status: 409 });
	});
	assert.equal(await order("a/ü", "start"), null);
	assert.equal(await order("a/ü", "stop"), "camera a/ü is always on");
	assert.deepEqual(asked, ["/streams/a/%C3%BC/start", "/streams/a/%C3%BC/stop"]);
});
