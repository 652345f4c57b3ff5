import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { ServerRefusal } from "../../net/server-refusal.ts";
import { exchange } from "./whip-exchange.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that notes what it is asked, as `METHOD /path authorization body`. */
async function serve(answer: Answer) {
	const asked: string[] = [];
	const waiting: (() => void)[] = [];
	const server = createServer(async (request, response) => {
		const { method, url, headers } = request;
		asked.push([method, url, headers.authorization ?? "-", await text(request)].join(" ").trim());
		for (const wake of waiting.splice(0)) wake();
		answer(request, response);
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		asked,
		next: () => new Promise<void>((resolve) => waiting.push(resolve)),
		host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
		[Symbol.asyncDispose]: async () => {
			server.closeAllConnections();
			server.close();
		},
	};
}

const signal = AbortSignal.timeout(10_000);
const basic = `Basic ${Buffer.from("ann:p@ss").toString("base64")}`;

test("an offer is posted with the address's login, and the session is ended where the answer says", async () => {
	await using server = await serve((_, response) => response.writeHead(201, { location: "/session/1" }).end("answer"));
	const { sdp, goodbye } = await exchange(`whip://ann:p%40ss@${server.host}/cam/whip`, "offer", { signal });
	assert.equal(sdp, "answer");
	const ended = server.next();
	goodbye();
	await ended;
	assert.deepEqual(server.asked, [`POST /cam/whip ${basic} offer`, `DELETE /session/1 ${basic}`]);
});

test("a token is shown where the address has no login", async () => {
	await using server = await serve((_, response) => response.writeHead(201).end("answer"));
	const { goodbye } = await exchange(`http://${server.host}/cam/whip`, "offer", { token: "secret", signal });
	goodbye();
	assert.deepEqual(server.asked, ["POST /cam/whip Bearer secret offer"]);
});

test("another server that the answer leads to is not shown the login", async () => {
	await using other = await serve((_, response) => response.end());
	const location = `http://${other.host}/session/1`;
	await using server = await serve((_, response) => response.writeHead(201, { location }).end("answer"));
	const { goodbye } = await exchange(`http://ann:p%40ss@${server.host}/`, "offer", { signal });
	const ended = other.next();
	goodbye();
	await ended;
	assert.deepEqual(other.asked, ["DELETE /session/1 -"]);
});

for (const body of ["not allowed", '{"status":"error","error":"not allowed"}']) {
	test(`a server's no is told with its number and its words: ${body}`, async () => {
		await using server = await serve((_, response) => response.writeHead(403).end(body));
		await assert.rejects(exchange(`http://${server.host}/`, "offer", { signal }), (error) => {
			assert.ok(error instanceof ServerRefusal);
			assert.deepEqual([error.status, error.message], [403, "the server answered 403 not allowed"]);
			return true;
		});
	});
}

test("an answer longer than any is not read to its end, whatever its head says", async () => {
	await using server = await serve((_, response) => {
		response.writeHead(201);
		const more = (): void => void (response.destroyed || response.write("a".repeat(10_000), more));
		more();
	});
	await assert.rejects(exchange(`http://${server.host}/`, "offer", { signal }), /more than 65536 bytes/);
});
