import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { boundPipelining } from "./pipelining.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

test("a connection may ask for much, but not for all of it at once", { timeout: 10_000 }, async () => {
	const waiting: ServerResponse[] = [];
	let asked = 0;
	const server = createServer(
		boundPipelining((_request, response) => {
			asked += 1;
			waiting.push(response);
		}),
	);
	await once(server.listen(0, "127.0.0.1"), "listening");
	const { port } = server.address() as AddressInfo;
	const good = connect(port, "127.0.0.1");
	for (let i = 1; i <= 200; i++) {
		good.write(REQUEST);
		while (asked < i) await new Promise((resolve) => setImmediate(resolve));
		waiting.pop()?.end("x");
		await once(good, "data");
	}
	const greedy = connect(port, "127.0.0.1").on("error", () => undefined);
	const closed = new Promise((resolve) => greedy.resume().on("close", resolve));
	greedy.write(REQUEST.repeat(500));
	await closed;
	assert.equal(asked, 264);
	good.destroy();
	server.close();
});
