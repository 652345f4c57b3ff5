import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { raw, startControl } from "../support/control.ts";

/** Sends bytes, ends the sending side, and gives what came back when the server closed. */
function exchange(port: number, bytes: string): Promise<string> {
	return new Promise((resolve) => {
		let text = "";
		const socket = connect(port, "127.0.0.1", () => socket.end(bytes, "latin1"));
		socket.setEncoding("latin1");
		socket.on("data", (chunk) => {
			text += chunk;
		});
		socket.on("error", () => undefined);
		socket.on("close", () => resolve(text));
	});
}

const word = fc.constantFrom(
	"GET ",
	"POST ",
	"PATCH ",
	"OPTIONS ",
	"/",
	"/camera/whep",
	"/v3/paths/get/",
	"/thumbnails/",
	"/api/events",
	"/login",
	"?page=",
	"..",
	"%2e",
	"%00",
	"%",
	" HTTP/1.1\r\n",
	"Host: x\r\n",
	"Content-Length: 5\r\n",
	"Content-Type: application/sdp\r\n",
	"Content-Type: application/json\r\n",
	"Transfer-Encoding: chunked\r\n",
	"Authorization: ",
	"Basic ",
	"Bearer ",
	"Cookie: vedette_session=",
	"Range: bytes=0-\r\n",
	"Origin: null\r\n",
	"\r\n",
	"\r\n\r\n",
	"{}",
	"5\r\n",
	"\0",
	"\xff",
	"a",
	":",
	'"',
);

test("any bytes get an HTTP answer or a closed connection, and never status 500", async () => {
	await using room = await startControl(
		'access: { anonymous: [publish, read, api, metrics], failureDelay: 0 s }\nhttp: { address: "127.0.0.1:0", requestTimeout: 1 s }',
	);
	const port = Number(new URL(room.url()).port);
	await fc.assert(
		fc.asyncProperty(fc.array(word, { maxLength: 14 }), async (words) => {
			const answer = await exchange(port, words.join("").replaceAll("/api/events", "/api/event"));
			if (answer !== "") assert.match(answer, /^HTTP\/1\.1 [2-4]\d\d /);
			assert.doesNotMatch(answer, /HTTP\/1\.1 500|node_modules/);
		}),
		{ seed: 7, numRuns: 400 },
	);
	assert.equal((await raw(room.url(), { path: "/health" })).status, 200);
	assert.doesNotMatch(room.lines.join(), /request failed/);
});

test("thousands of connections come and go; memory does not grow with them", async () => {
	await using room = await startControl("access: { anonymous: [read, api] }");
	const port = Number(new URL(room.url()).port);
	const many = async (count: number) => {
		for (let n = 0; n < count; n += 50) {
			await Promise.all(
				Array.from({ length: 50 }, () => exchange(port, "GET /api/streams HTTP/1.1\r\nHost: x\r\n\r\n")),
			);
		}
		globalThis.gc?.();
		return process.memoryUsage().heapUsed;
	};
	const warm = await many(1000);
	const after = await many(2000);
	assert.ok(after < warm + 30e6, `the heap grew from ${warm} to ${after} bytes`);
});
