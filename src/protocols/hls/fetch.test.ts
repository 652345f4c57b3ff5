import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Fetcher } from "./fetch.ts";

async function serve(listener: RequestListener) {
	const server = createServer(listener).listen(0, "127.0.0.1");
	await once(server, "listening");
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
	const close = (): void => {
		server.closeAllConnections();
		server.close();
	};
	return { url, fetcher: new Fetcher(url, new AbortController().signal), [Symbol.dispose]: close };
}

test("a part of a file, from a server that knows no ranges and sends on and on", { timeout: 10_000 }, async () => {
	let sent = 0;
	using server = await serve((_request, response) => {
		const send = (): void => {
			while (!response.destroyed) {
				sent += 10_000;
				if (!response.write(Buffer.alloc(10_000, sent / 10_000))) break;
			}
		};
		response.on("drain", send);
		send();
	});
	const { bytes } = await server.fetcher.get({ url: server.url, range: { at: 19_999, bytes: 3 } }, 1000);
	assert.deepEqual([...bytes], [2, 3, 3]);
	const huge = { at: 0, bytes: Number.MAX_SAFE_INTEGER };
	assert.equal((await server.fetcher.get({ url: server.url, range: huge }, 1000)).bytes.length, 1000);
	await assert.rejects(server.fetcher.get({ url: server.url, range: undefined }, 1000), /more than 1000 bytes/);
});
