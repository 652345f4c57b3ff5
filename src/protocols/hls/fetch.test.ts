import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
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

const all = (url: string) => ({ url, range: undefined });

test("redirects are followed near the source, with its login for itself alone, and not round and round", async () => {
	const seen: (string | undefined)[] = [];
	using other = await serve((request, response) => {
		seen.push(request.headers.authorization);
		response.end(`${request.url} of another`);
	});
	using server = await serve((request, response) => {
		seen.push(request.headers.authorization);
		const away = request.url === "/away" ? `${other.url}there` : "/loop";
		response.writeHead(302, { location: away }).end("not this");
	});
	const fetcher = new Fetcher(server.url.replace("http://", "http://ann:secret@"), new AbortController().signal);
	const { bytes, url } = await fetcher.get(all(`${server.url}away`), 1000);
	assert.equal(bytes.toString(), "/there of another");
	assert.equal(url, `${other.url}there`);
	assert.deepEqual(seen, [`Basic ${btoa("ann:secret")}`, undefined]);
	await assert.rejects(fetcher.get(all(`${server.url}loop`), 1000), /more than 10 redirects/);
});

test("what a source leads to is refused where only the relay can go", async () => {
	const leads = [
		["http://169.254.169.254/latest/meta-data/", /169\.254\.169\.254.*a cloud's own/],
		["http://192.168.255.1:1/", /192\.168\.255\.1:1.*private/],
		["file:///etc/passwd", /file: addresses/],
	] as const;
	for (const [location, message] of leads) {
		using server = await serve((_request, response) => void response.writeHead(302, { location }).end());
		await assert.rejects(server.fetcher.get(all(server.url), 1000), message);
		await assert.rejects(server.fetcher.get(all(location), 1000), message);
	}
});

test("packed answers, kept connections, and errors in so many words", async () => {
	let answers = 0;
	using server = await serve((request, response) => {
		answers++;
		if (request.url === "/gone") response.writeHead(410).end("no");
		else if (request.url === "/cut")
			response.writeHead(200, { "content-length": 10 }).write("abc", () => response.destroy());
		else response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(5000)));
	});
	assert.equal((await server.fetcher.get(all(server.url), 5000)).bytes.length, 5000);
	await assert.rejects(server.fetcher.get(all(server.url), 4999), /more than 4999 bytes/);
	await assert.rejects(server.fetcher.get(all(`${server.url}gone`), 10), /the server answered 410 Gone/);
	await assert.rejects(server.fetcher.get(all(`${server.url}cut`), 10), /aborted|reset/i);
	assert.equal(answers, 4);
	const nobody = new Fetcher("http://localhost:1/", new AbortController().signal);
	await assert.rejects(nobody.get(all(nobody.url), 10), /ECONNREFUSED/);
	const ended = new AbortController();
	const late = new Fetcher(server.url, ended.signal);
	ended.abort(new Error("the relay is going down"));
	await assert.rejects(late.get(all(server.url), 10), /going down/);
});
